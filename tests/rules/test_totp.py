"""One-time codes as RFC 6238 has them, and what the app is told."""

from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from soap_service.rules.totp import (
    RECOVERY_CODES,
    address_of,
    code_at,
    is_from_app,
    matching_step,
    new_key,
    new_recovery_codes,
    recovery_digest,
    step_at,
    typed_code,
    written_key,
)

#: RFC 6238, appendix B: the key of SHA-1, and codes of eight digits, of which the last six are ours.
KEY = b"12345678901234567890"
VECTORS = (
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
)


@pytest.mark.parametrize(("moment", "code"), VECTORS)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    assert code_at(KEY, step_at(moment)) == code[-6:]


def test_codes_are_those_of_another_program() -> None:
    key = new_key()
    app = pyotp.parse_uri(address_of(key, "ana", "desk.example.com"))
    assert isinstance(app, pyotp.TOTP)
    assert [app.at(moment) for moment in range(0, 10**9, 10**8 + 7)] == [
        code_at(key, step_at(moment)) for moment in range(0, 10**9, 10**8 + 7)
    ]


@pytest.mark.parametrize(("behind", "step"), [(-31, None), (-30, 99), (0, 100), (59, 101), (60, None)])
def test_a_clock_may_be_a_step_before_or_behind(behind: int, step: int | None) -> None:
    assert matching_step(KEY, code_at(KEY, step_at(3000 + behind)), 3000) == step


def test_other_texts_are_no_codes() -> None:
    for text in ("", "12345", "１２３４５６", code_at(KEY, 50)):
        assert matching_step(KEY, text, 3000) is None


def test_a_code_may_be_typed_with_blanks() -> None:
    assert typed_code(" 123 456 ") == "123456" and is_from_app("123456")
    for text in ("12345", "1234567", "１２３４５６", "abcdef", ""):
        assert not is_from_app(typed_code(text))


def test_the_app_lists_the_key_under_the_login() -> None:
    address = urlsplit(address_of(KEY, "ana souza:x", "desk.example.com"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/soap_service desk.example.com:ana souza:x"
    assert parse_qs(address.query)["issuer"] == ["soap_service desk.example.com"]
    assert parse_qs(address.query)["secret"] == [written_key(KEY).replace(" ", "")]


def test_recovery_codes_are_many_and_told_apart_by_agent() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    assert all(len(code.replace("-", "")) == 28 for code in codes)  # 140 bits
    assert len({letter for code in codes for letter in code}) > 20
    assert recovery_digest(1, codes[0]) == recovery_digest(1, codes[0].upper().replace("-", " "))
    assert recovery_digest(1, codes[0]) != recovery_digest(2, codes[0])
