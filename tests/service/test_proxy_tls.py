"""Which versions and suites of TLS the proxies of deploy/ speak, offered one at a time."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reverse_proxies import find_proxies, start_alone

#: What OpenSSL has of TLS 1.2 and before, weak ones included.
_ALL = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
#: With a certificate for RSA; nginx takes those of DHE once it has a file of parameters.
_RECOMMENDED = {
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
}
_OF_DHE = {"DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256"}


@pytest.fixture(params=["nginx", "haproxy"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The port of a proxy as deploy/ has it."""
    find_proxies()
    port, process = start_alone(request.param, tmp_path)
    yield port
    process.terminate()
    process.wait()


def agreed(port: int, highest: ssl.TLSVersion, suites: str = _ALL) -> str:
    """Return the suite that the proxy takes of those that a client up to a version offers; "" for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(suites)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
    raw = socket.create_connection(("127.0.0.1", port))
    with contextlib.suppress(ssl.SSLError, ConnectionResetError), raw, context.wrap_socket(raw) as connection:
        suite = connection.cipher()
        return suite[0] if suite else ""
    return ""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_only_recommended_suites_are_taken_the_strongest_first(proxy: int) -> None:
    assert agreed(proxy, ssl.TLSVersion.TLSv1_1) == ""
    assert agreed(proxy, ssl.TLSVersion.TLSv1_3) == "TLS_AES_256_GCM_SHA384"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(_ALL)
    known = [one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"]
    assert {"AES128-SHA", "ECDHE-RSA-AES256-SHA384", *_RECOMMENDED} < set(known)
    taken = {name for name in known if agreed(proxy, ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0")}
    assert taken - _OF_DHE == _RECOMMENDED
    weakest_first = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
    assert agreed(proxy, ssl.TLSVersion.TLSv1_2, weakest_first) == "ECDHE-RSA-AES256-GCM-SHA384"
