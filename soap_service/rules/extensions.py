"""Telephone extensions: what can be one, and which one a platform means by what it sends.

Source: docs/rules.md, Calls; RFC 3261 section 25.1 (name-addr, SIP URI), RFC 3966 (tel URI).
"""

import re
from urllib.parse import unquote

LONGEST_SENT = 256
_EXTENSION = re.compile(r"[0-9A-Za-z*#+\-.@_]{1,20}")
_NAME_AND_ADDRESS = re.compile(r"""(?:"[^"]*"|[^<>"/]*)\s*<([^<>]*)>(?:;[^<>]*)?""")
#: Without a scheme, only a number or what has a host stands between the brackets.
_ADDRESS = re.compile(r"(?:sips?|tel|callto):|[+*#0-9]|[^@]+@", re.IGNORECASE)
_SCHEME = re.compile(r"(sips?|tel|callto):(?://)?", re.IGNORECASE | re.ASCII)
_CHANNEL = re.compile(r"[A-Za-z][\w.]*/(?:[^/&]*/)*([^/&]*)", re.ASCII)
#: Asterisk numbers its channels behind the name: with eight hexadecimal digits, some drivers with fewer.
_CHANNEL_NUMBER = re.compile(r"-[0-9a-fA-F]{8}$")
_SHORT_CHANNEL_NUMBER = re.compile(r"(?i:IAX2|DAHDI|Zap|mISDN)/.*?(-[0-9A-Za-z]{1,5})", re.DOTALL)
_VISUAL_SEPARATORS = re.compile(r"[-.()]")


def is_extension(number: str) -> bool:
    """Tell whether that can be the number of an extension. Leading zeros count."""
    return _EXTENSION.fullmatch(number) is not None


def extensions_meant(sent: str) -> tuple[str, ...]:
    """Return the extensions that a platform may mean, the last where nobody has registered one before it.

    Empty for what reduces to none.
    """
    written = sent.strip()
    if len(written) > LONGEST_SENT:
        return ()
    reduced = _reduce(written)
    forms = (written, reduced, reduced.removeprefix("+"))
    if not is_extension(forms[-1]):
        return ()
    return tuple(dict.fromkeys(filter(is_extension, forms)))


def _reduce(written: str) -> str:
    """Take address, channel, scheme and host off a number: `PJSIP/4067-0000002a` and `<sip:4067@host>` are 4067."""
    named = _NAME_AND_ADDRESS.fullmatch(written)
    if named and not _ADDRESS.match(named[1].strip()):
        return ""
    address = (named[1].strip() if named else written).partition(";")[0]
    number, at, _ = address.partition("@")
    channel = _CHANNEL.fullmatch(number)
    if channel is not None:
        short = None if at else _SHORT_CHANNEL_NUMBER.fullmatch(number)
        number = channel[1].removesuffix(short[1]) if short else _CHANNEL_NUMBER.sub("", channel[1])
    scheme = _SCHEME.match(number)
    if scheme is not None:
        number = unquote(number[scheme.end() :].partition("?")[0])
        if scheme[1].lower() == "tel":
            number = _VISUAL_SEPARATORS.sub("", number)
    return number.partition(":")[0] if scheme or channel or at else number
