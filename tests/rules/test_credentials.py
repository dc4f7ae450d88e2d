"""Platforms' secrets and addresses."""

import pytest

from soap_service.errors import InvalidValue
from soap_service.model import Integration
from soap_service.rules.credentials import (
    accepts_address,
    accepts_secret,
    clean_networks,
    is_open,
    make_secret,
    read_basic,
)


def test_a_secret_has_at_least_128_random_bits_and_is_not_kept() -> None:
    secret = make_secret()
    assert len(secret.text) * 6 >= 128
    assert secret.text.encode() not in secret.salt + secret.digest
    integration = Integration(name="pbx", secret_salt=secret.salt, secret_hash=secret.digest)
    assert accepts_secret(integration, secret.text)
    assert not accepts_secret(integration, secret.text + "x")
    assert not accepts_secret(Integration(name="other"), "")


def test_a_secret_stored_long_ago_is_still_accepted() -> None:
    kept = Integration(
        name="pbx",
        secret_salt=bytes(range(32)),
        secret_hash=bytes.fromhex("a561444e408de3deb5762cdb39a92d5114d1225be91d66b462abacdf19b1e9c5"),
    )
    assert accepts_secret(kept, "segredo-da-central")
    assert not accepts_secret(kept, "segredo-da-centraL")


@pytest.mark.parametrize(
    ("address", "is_in"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("10.2.0.1", False), ("::1", True), ("", False), ("x", False)],
)
def test_an_address_is_in_the_networks_or_not(address: str, is_in: bool) -> None:
    assert accepts_address(Integration(addresses=clean_networks("10.1.0.0/16, ::1")), address) is is_in


def test_an_uncertain_address_is_in_no_network() -> None:
    assert not accepts_address(Integration(addresses="0.0.0.0/0 ::/0"), None)


@pytest.mark.parametrize(
    ("addresses", "is_open_to_all"),
    [
        ("0.0.0.0/0", True),
        ("10.1.0.0/16 ::/0", True),
        ("10.1.0.0/16 ::1/128", False),
        ("0.0.0.0/1", False),
        ("", False),
        ("damaged/0", False),
    ],
)
def test_an_integration_is_open_when_a_network_is_the_whole(addresses: str, is_open_to_all: bool) -> None:
    assert is_open(Integration(addresses=addresses)) is is_open_to_all


def test_a_wrong_network_is_told() -> None:
    with pytest.raises(InvalidValue):
        clean_networks("10.1.0.0/33")


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        (b"Basic cGJ4OnNlZ3JlZG8=", ("pbx", "segredo")),
        (b"basic cGJ4OnNlOmdyZWRv", ("pbx", "se:gredo")),
        (b"Basic cGJ4", None),
        (b"Basic ====", None),
        (b"Basic cGJ4OnNlZ3JlZG8", None),
        (b"Basic cGJ4\xc3\xa3OnNlZ3JlZG8=", None),
        (b"Basic cGJ4-OnNlZ3JlZG8=", None),
        (b"Basic cGJ4 OnNlZ3JlZG8=", None),
        (b"Bearer cGJ4OnNlZ3JlZG8=", None),
        (b"", None),
    ],
)
def test_basic_credentials_are_read(header: bytes, credential: tuple[str, str] | None) -> None:
    assert read_basic(header) == credential
