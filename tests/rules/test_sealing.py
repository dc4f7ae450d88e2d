"""What is sealed for one log-in is read with its key, for its purpose, in its time, and otherwise not at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.rules.credentials import make_secret
from soap_service.rules.sealing import seal, unseal

KEY, OTHER = "k" * 43, "l" * 43


@given(st.text(max_size=16), st.integers(0, 2**40))
def test_what_is_sealed_is_read_again_until_its_time(text: str, until: int) -> None:
    sealed = seal(text, KEY, "one", until)
    assert unseal(sealed, KEY, "one", until - 0.5) == text
    assert unseal(sealed, KEY, "one", until) is None


def test_another_key_or_purpose_reads_nothing() -> None:
    sealed = seal("secret", KEY, "one", 100)
    assert unseal(sealed, OTHER, "one", 1) is None
    assert unseal(sealed, KEY, "two", 1) is None


def test_every_changed_octet_is_noticed() -> None:
    octets = base64.urlsafe_b64decode(seal("secret", KEY, "one", 100))
    for place in range(len(octets)):
        changed = bytearray(octets)
        changed[place] ^= 1
        assert unseal(base64.urlsafe_b64encode(changed).decode(), KEY, "one", 1) is None


def test_the_seal_holds_no_secret_and_is_never_the_same() -> None:
    secret = make_secret().text
    one, other = (seal(secret, KEY, "one", 100) for _ in range(2))
    assert one != other
    assert secret.encode() not in base64.urlsafe_b64decode(one)


@pytest.mark.parametrize("sealed", ["", "AAAA", "é", "=", "A" * 200])
def test_what_is_no_seal_reads_as_nothing(sealed: str) -> None:
    assert unseal(sealed, KEY, "one", 1) is None


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        seal("x" * 65, KEY, "one", 1)
