"""Whether an Origin, which a browser sends for the page that posts, is the address it posts to. Source: Fetch."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_at(origin: str, host: str) -> bool:
    """Tell whether an origin is at a Host, whichever the scheme: a proxy may have taken TLS off."""
    try:
        there = urlsplit(origin.strip().lower())
        here = urlsplit(f"{there.scheme}://{host.strip().lower()}")
        default = _DEFAULT_PORTS[there.scheme]
        return there.hostname == here.hostname and (there.port or default) == (here.port or default)
    except (ValueError, KeyError):
        return False
