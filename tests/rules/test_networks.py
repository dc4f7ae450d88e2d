"""Whose address a request has behind proxies. The check cases are ways of a request over two proxies, 10.0.0.0/8."""

from ipaddress import ip_network

import pytest

from soap_service.rules.networks import caller_behind, sound_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),  # a second proxy is passed over
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what stands before may be made up
        ("10.0.0.1", " , 198.51.100.7 ,", "198.51.100.7"),
        ("10.0.0.1", '"198.51.100.7:4711"', "198.51.100.7"),
        ("::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::1", "fe80::7%eth0", "fe80::7"),
        ("10.0.0.1", "10.0.0.2", None),
        ("10.0.0.1", "", None),
        ("198.51.100.7", "203.0.113.9", None),  # a stranger's word is not believed
    ],
)
def test_the_caller_is_the_last_hop_that_is_no_proxy(peer: str, forwarded: str, caller: str | None) -> None:
    assert caller_behind(peer, forwarded, PROXIES) == caller


@pytest.mark.parametrize(("written", "address"), [("198.51.100.7", "198.51.100.7"), ("x\ny", ""), ("", "")])
def test_only_an_address_is_told_as_one(written: str, address: str) -> None:
    assert sound_address(written) == address
