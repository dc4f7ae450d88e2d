"""Whose address a request has behind proxies."""

from ipaddress import ip_address

from soap_service.rules.credentials import Network, is_within


def caller_behind(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str | None:
    """Return the last hop of an X-Forwarded-For that is no trusted proxy; None if the peer is a stranger, or none is.

    It is read from the right, because everything left of the last stranger may be made up.
    """
    if not is_within(peer, proxies):
        return None
    for hop in reversed(forwarded.split(",")):
        address = hop_address(hop)
        if address and not is_within(address, proxies):
            return address
    return None


def hop_address(hop: str) -> str:
    """Return a hop without its quotes, brackets, port and IPv6 zone, all of which some proxies write."""
    hop = hop.strip().strip('"').strip()
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    return hop.partition("%")[0].strip()


def sound_address(address: str) -> str:
    """Return what is an address, else an empty text: behind a trusted proxy a caller may have written anything."""
    try:
        return str(ip_address(address))
    except ValueError:
        return ""
