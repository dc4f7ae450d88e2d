"""The header blocks of an envelope that this service understands: WS-Security's user name, and WS-Addressing.

Blocks for other actors, and those that need not be understood, are passed over, whatever is in them.

Source: SOAP 1.1 section 4.2; SOAP 1.2 part 1 section 5.2; OASIS WSS UsernameToken Profile 1.0; WS-Addressing 1.0 and
its submission of August 2004; docs/wire.md, Messages.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

WSA_2005 = "http://www.w3.org/2005/08/addressing"
WSA_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_PREFIXES = {
    WSA_2005: "wsa",
    WSA_2004: "wsa",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd": "wsse",
    # The drafts before it, as Microsoft's WSE 1 and 2 and old WebSphere and WebLogic send them.
    "http://schemas.xmlsoap.org/ws/2002/04/secext": "wsse",
    "http://schemas.xmlsoap.org/ws/2002/07/secext": "wsse",
    "http://schemas.xmlsoap.org/ws/2002/12/secext": "wsse",
    "http://schemas.xmlsoap.org/ws/2003/06/secext": "wsse",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd": "wsu",
    "http://schemas.xmlsoap.org/ws/2002/07/utility": "wsu",
    "http://schemas.xmlsoap.org/ws/2003/06/utility": "wsu",
}
_OUR_ROLES = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)
_UNDERSTOOD = frozenset({"wsse:Security", "wsa:Action", "wsa:To", "wsa:MessageID", "wsa:ReplyTo", "wsa:FaultTo"})
_OF_SECURITY = frozenset({"wsse:UsernameToken", "wsu:Timestamp"})
_TOKEN = "wsse:Security/wsse:UsernameToken"  # noqa: S105 - a path
_NAME, _SECRET = f"{_TOKEN}/wsse:Username", f"{_TOKEN}/wsse:Password"
_REPLIES = {"ReplyTo": "wsa:ReplyTo/wsa:Address", "FaultTo": "wsa:FaultTo/wsa:Address"}
_TEXTS = frozenset({_NAME, _SECRET, "wsa:Action", "wsa:To", "wsa:MessageID", *_REPLIES.values()})
#: What may stand once for us: of two nobody could say which is meant.
_ONCE = _TEXTS | {_TOKEN, *_UNDERSTOOD} - {"wsse:Security"}
_ANONYMOUS = frozenset({"", f"{WSA_2005}/anonymous", f"{WSA_2004}/role/anonymous"})
_BLANKS = " \t\r\n"

#: A header block's namespace and local name.
Name = tuple[str, str]


class Token(NamedTuple):
    """A UsernameToken. `password_type` is the last part of the password's type: empty, PasswordText, PasswordDigest."""

    name: str
    secret: str
    password_type: str = ""
    must_be_understood: bool = False

    @property
    def is_blank(self) -> bool:
        """Tell whether it says nothing."""
        return not self.name and not self.secret


class Addressing(NamedTuple):
    """What an answer to a message with WS-Addressing repeats: the namespace, and the message's id, "" for none."""

    namespace: str
    message_id: str = ""


class Headers(NamedTuple):
    """What the header of a message said to us."""

    token: Token | None = None
    addressing: Addressing | None = None


NO_HEADERS = Headers()


class HeaderReader:
    """Read the blocks of one header, element by element.

    `not_understood` has the blocks for us that must be understood and are not, each with what in it is strange, if not
    the whole; `repeated` the first element that stands twice, "" for none.
    """

    def __init__(self, envelope: str) -> None:
        self._envelope = envelope
        self._path: list[str] = []
        self._block: Name = ("", "")
        self._must = False
        self._found: dict[str, str] = {}
        self._text: list[str] | None = None
        self._token_must = False
        self._password_type = ""
        self._namespace = ""
        self._to: Name | None = None
        self.not_understood: dict[Name, str] = {}
        self.repeated = ""

    @property
    def is_reading_text(self) -> bool:
        """Tell whether the text that comes is kept."""
        return self._text is not None

    def start(self, namespace: str, local: str, attributes: dict[str, str]) -> None:
        """Begin a block, or an element in one."""
        prefix = _PREFIXES.get(namespace, "")
        name = f"{prefix}:{local}" if prefix else ""
        if not self._path:
            name = self._start_block(name, namespace, local, attributes)
        elif self._path == ["wsse:Security"] and self._must and name not in _OF_SECURITY:
            self.not_understood.setdefault(self._block, local)
        self._path.append(name)
        path = "/".join(self._path)
        self._text = [] if path in _TEXTS else None
        if path in _ONCE:
            if path in self._found:
                self.repeated = self.repeated or local
            self._found.setdefault(path, "")
        if path == _TOKEN:
            self._token_must = self._must
        elif path == _SECRET:
            kind = attributes.get("Type", "").strip(_BLANKS)
            self._password_type = kind.rpartition("#")[2].rpartition(":")[2]

    def text(self, text: str) -> None:
        """Take a piece of the text that is kept."""
        if self._text is not None:
            self._text.append(text)

    def end(self) -> None:
        """End a block, or an element in one."""
        if self._text is not None:
            self._found["/".join(self._path)] = "".join(self._text).strip(_BLANKS)
            self._text = None
        self._path.pop()

    def close(self) -> None:
        """Judge what only the whole header tells."""
        if self._to is not None and not _is_endpoint(self._found.get("wsa:To", "")):
            self.not_understood.setdefault(self._to, "")

    def reply_elsewhere(self) -> tuple[str, str] | None:
        """Return the block that wants answers anywhere but on this connection, and where; None for none."""
        for name, path in _REPLIES.items():
            address = self._found.get(path, "")
            if address not in _ANONYMOUS:
                return name, address
        return None

    def headers(self) -> Headers:
        """Return what was read so far."""
        token = addressing = None
        if _TOKEN in self._found:
            name, secret = self._found.get(_NAME, ""), self._found.get(_SECRET, "")
            token = Token(name, secret, self._password_type, self._token_must)
        if self._namespace:
            addressing = Addressing(self._namespace, self._found.get("wsa:MessageID", ""))
        return NO_HEADERS if token is None and addressing is None else Headers(token, addressing)

    def _start_block(self, name: str, namespace: str, local: str, attributes: dict[str, str]) -> str:
        """Begin a block and return its name; "" if it is not for us, or strange."""
        role = attributes.get(f"{self._envelope} actor") or attributes.get(f"{self._envelope} role") or ""
        if role.strip(_BLANKS) not in _OUR_ROLES:
            self._must = False
            return ""
        self._must = attributes.get(f"{self._envelope} mustUnderstand", "").strip(_BLANKS) in ("1", "true")
        self._block = (namespace, local)
        if name not in _UNDERSTOOD:
            if self._must:
                self.not_understood.setdefault(self._block, "")
            return ""
        if name != "wsse:Security":
            self._namespace = self._namespace or namespace
        if name == "wsa:To" and self._must:
            self._to = self._block
        return name


def _is_endpoint(address: str) -> bool:
    """Tell whether that is this endpoint's address, by its path, as proxies change the rest, or anonymous."""
    if address in _ANONYMOUS:
        return True
    try:
        path = urlsplit(address).path
    except ValueError:
        return False
    return path.rstrip("/").rpartition("/")[2] == "soap"
