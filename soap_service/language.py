"""The languages of the service and their translations. Knows gettext catalogues; nothing of who reads what.

The sentences in the code are Portuguese, and Portuguese is the source: it needs no catalogue. Another language is one
file, `locale/<language>/LC_MESSAGES/soap_service.po`, and one line in `LANGUAGES`.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

DOMAIN = "soap_service"
SOURCE_LANGUAGE = "pt-BR"
#: The languages that can be had, as HTML names them, each with its own name for itself; the source first.
LANGUAGES = {SOURCE_LANGUAGE: "Português", "en": "English", "es": "Español"}
LOCALE = Path(__file__).parent / "locale"


def N_(sentence: str) -> str:  # noqa: N802 - the name by which extraction knows it
    """Mark a sentence for the catalogue; it is translated where it is said."""
    return sentence


@cache
def translations_of(language: str) -> gettext.NullTranslations:
    """Return the translations into that language; of the source language, and of one we do not have, there are none.

    A catalogue is compiled when it is first asked for: 5 ms, and 70 ms once for Babel.
    """
    if language == SOURCE_LANGUAGE or language not in LANGUAGES:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
