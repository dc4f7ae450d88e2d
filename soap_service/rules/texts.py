"""What people and other programs write, without what cannot be seen. Pure rules."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
# C0 and C1 controls but tab and line feed; marks that reverse or hide text; halves of characters.
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean_text(typed: str) -> str:
    """Return text of several lines without control characters, its line ends as line feeds, trimmed."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text)).strip()


def clean_line(typed: str) -> str:
    """Return text as one line, every run of white space one space, trimmed."""
    return _SPACES.sub(" ", clean_text(typed)).strip()
