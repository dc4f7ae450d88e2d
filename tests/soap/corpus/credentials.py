"""Credentials that are none: 401 with a Basic challenge, although the address alone would be let in."""

from base64 import b64encode

from tests.soap.corpus.forms import QUESTION, Case, Fault, same


def _basic(credential: str | bytes) -> str:
    return "Basic " + b64encode(credential.encode() if isinstance(credential, str) else credential).decode()


_WRONG = {
    "Basic and what is no Base64": "Basic !!!!",
    "Base64 without its padding": "Basic ZGVtb25zdHJhY2Fv0g",
    "Base64 with a space inside": "Basic ZGVt b25z",
    "Base64 and more": _basic("demonstracao:x") + " x",
    "a credential without a colon": _basic("demonstracao"),
    "a credential that is no UTF-8": _basic(b"\xff\xfe:\xc3"),
    "a credential with a NUL": _basic("demonstracao\0:x"),
    "a credential of controls": _basic("\r\n\x1b:\r\n"),
    "an unknown name": _basic("ninguem:x"),
    "a known name without a secret": _basic("demonstracao:"),
    "a known name with a secret": _basic("demonstracao:senha"),
    "a known name in other letters": _basic("DEMONSTRACAO:x"),
    "an agent's name and password": _basic("atendente:senha-de-teste"),
    "a name that is an SQL injection": _basic("' OR 1=1 --:x"),
    "a name that is a format string": _basic("{key}%s:%n"),
    "a credential of 15,000 characters": _basic("a" * 7_000 + ":" + "b" * 7_000),
    "a credential of 5,000 colons": _basic(":" * 5_000),
    "basic in small letters": _basic("ninguem:x").replace("Basic", "basic"),
    "a tab for the space": _basic("ninguem:x").replace(" ", "\t"),
    "two spaces": _basic("ninguem:x").replace(" ", "  "),
    "a Bearer token": "Bearer eyJhbGciOiJub25lIn0.e30.",
    "a Digest": 'Digest username="demonstracao", realm="soap_service", nonce="x", uri="/soap", response="x"',
    "Negotiate, as .NET offers it": "Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
    "NTLM": "NTLM TlRMTVNTUAABAAAA",
    "no scheme": "ZGVtb25zdHJhY2FvOng=",
    "two credentials in one": f"{_basic('a:b')}, {_basic('demonstracao:')}",
    "Latin-1 as it stands": "Basic joão:ção",
}

_UNAUTHORIZED = Fault("NAO_AUTORIZADO", status=401)

CREDENTIALS: list[Case] = [
    *(
        Case(f"credentials: {name}", QUESTION.encode(), _UNAUTHORIZED, headers={"Authorization": value})
        for name, value in _WRONG.items()
    ),
    Case("wrong credentials with a broken message", b"<", _UNAUTHORIZED, headers={"Authorization": _basic("a:b")}),
    Case(
        "wrong credentials with an unknown media type",
        b"{}",
        _UNAUTHORIZED,
        "application/json",
        {"Authorization": _basic("a:b")},
    ),
    Case(
        "an address that a stranger forwarded",
        QUESTION.encode(),
        _UNAUTHORIZED,
        headers={"X-Forwarded-For": "127.0.0.1"},
    ),
    Case(
        "an address that is no address", QUESTION.encode(), _UNAUTHORIZED, headers={"X-Forwarded-For": "{}, %s, ::1%lo"}
    ),
    Case(
        "an address forwarded in the standard's way",
        QUESTION.encode(),
        _UNAUTHORIZED,
        headers={"Forwarded": "for=127.0.0.1"},
    ),
    same("an Authorization header without a value is none", QUESTION, Authorization=""),
    same("credentials for a proxy are none", QUESTION, Proxy_Authorization=_basic("a:b")),
]
