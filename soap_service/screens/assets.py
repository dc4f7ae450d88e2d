"""Style sheet, script and icon: read once, served from memory, cached by browsers. Knows neither store nor agent."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

_FOLDER = Path(__file__).parent.parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class _Asset:
    content: bytes
    media_type: str
    version: str


class Assets:
    """The files of `static`. An address with the right version never changes its content and is kept for a year."""

    def __init__(self) -> None:
        self._assets = {file.name: _load(file) for file in _FOLDER.iterdir() if file.suffix in _MEDIA_TYPES}

    def address_of(self, name: str) -> str:
        """Return the address of a file with its version; KeyError for a file that is not there."""
        return f"/static/{name}?v={self._assets[name].version}"

    def serve(self, request: Request, name: str) -> Response:
        """Answer with a file, or with 304 when the browser has it; raises NotFound."""
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound
        response = Response(asset.content, content_type=f"{asset.media_type}; charset=utf-8")
        response.set_etag(asset.version)
        if request.args.get("v") == asset.version:
            response.cache_control.public = True
            response.cache_control.max_age = _ONE_YEAR
            response.cache_control.immutable = True
        else:
            response.cache_control.no_cache = True
        response.make_conditional(request)
        return response


def _load(file: Path) -> _Asset:
    content = file.read_bytes()
    return _Asset(content, _MEDIA_TYPES[file.suffix], hashlib.sha256(content).hexdigest()[:12])
