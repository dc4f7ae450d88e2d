"""Whether a browser called for a page of another site.

Where an integration is known by its address, every browser behind that address has its rights: a page of any site could
have one announce calls. Source: Fetch standard (Origin), Fetch Metadata (Sec-Fetch-Site).
"""

from collections.abc import Mapping

from soap_service.config import Settings
from soap_service.rules.origins import is_at


class Origins:
    """The origins whose pages may call: the service's own, and those of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(origin.encode() for origin in settings.allowed_origins)
        self._own = settings.base_url.lower().encode()

    def is_foreign(self, fields: Mapping[bytes, bytes]) -> bool:
        """Tell whether the header fields, by lower-case name, are those of a page that may not call."""
        origin = fields.get(b"origin", b"").strip().lower()
        site = fields.get(b"sec-fetch-site", b"").strip().lower()
        if origin in self._allowed:
            return False
        if site in (b"cross-site", b"same-site"):
            return True
        if origin in (b"", self._own):
            return False
        return not is_at(origin.decode("latin-1"), fields.get(b"host", b"").decode("latin-1"))
