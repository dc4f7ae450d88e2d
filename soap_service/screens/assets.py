"""Style sheets, scripts and icon: read once, served from memory, cached by browsers. Knows neither store nor agent."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

_FOLDER = Path(__file__).parent.parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".md": "text/plain"}
_ONE_YEAR = 365 * 24 * 3600
_VERSION = re.compile(r"[0-9a-f]{12}")
#: What the scripts of pages made before 0.2.0 have become.
_MOVED = {
    "app.js": "main.js",
    "attention.js": "calls/alarm.js",
    "diagnosis.js": "calls/diagnosis.js",
    "document.js": "requests/documents.js",
}


@dataclass(frozen=True)
class _Asset:
    content: bytes
    media_type: str
    digest: str


class Assets:
    """The files of `static` under one version, which changes when any of them does.

    The version stands in front of the path, so that the relative imports of a script have it too. An address with the
    right version never changes its content and is kept for a year; other versions are answered with today's file.
    """

    def __init__(self) -> None:
        files = sorted(file for file in _FOLDER.rglob("*") if file.suffix in _MEDIA_TYPES)
        self._assets = {file.relative_to(_FOLDER).as_posix(): _load(file) for file in files}
        known = "\n".join(f"{path} {asset.digest}" for path, asset in self._assets.items())
        self._version = _digest(known.encode())
        for former, path in _MOVED.items():
            self._assets[former] = _asset(f'import("{self.address_of(path)}");\n'.encode(), "text/javascript")

    def address_of(self, path: str) -> str:
        """Return the address of a file with the version; KeyError for a file that is not there."""
        if path not in self._assets:
            raise KeyError(path)
        return f"/static/{self._version}/{path}"

    def serve(self, request: Request, address: str) -> Response:
        """Answer with the file at an address below `/static/`, or with 304 when the browser has it; raises NotFound."""
        version, _, rest = address.partition("/")
        is_versioned = _VERSION.fullmatch(version) is not None
        asset = self._assets.get(rest if is_versioned else address)
        if asset is None:
            raise NotFound
        response = Response(asset.content, content_type=f"{asset.media_type}; charset=utf-8")
        response.set_etag(asset.digest)
        if version == self._version:
            response.cache_control.public = True
            response.cache_control.max_age = _ONE_YEAR
            response.cache_control.immutable = True
        else:
            response.cache_control.no_cache = True
        response.make_conditional(request)
        return response


def _load(file: Path) -> _Asset:
    return _asset(file.read_bytes(), _MEDIA_TYPES[file.suffix])


def _asset(content: bytes, media_type: str) -> _Asset:
    return _Asset(content, media_type, _digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
