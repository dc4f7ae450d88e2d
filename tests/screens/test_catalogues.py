"""Each language says every sentence, with the same places in it."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from soap_service.language import DOMAIN, LANGUAGES, LOCALE, SOURCE_LANGUAGE, translations_of

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
PLACE = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")


def messages(path: str) -> Catalog:
    with (LOCALE / path).open("rb") as file:
        return read_po(file)


def sentences(message: Message) -> tuple[str, ...]:
    """Return the translation, of a sentence with a plural each form."""
    return message.string if isinstance(message.string, tuple) else (message.string or "",)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_missing_or_fuzzy(language: str) -> None:
    catalogue = messages(f"{language}/LC_MESSAGES/{DOMAIN}.po")
    wanted = {(message.id, message.context) for message in messages(f"{DOMAIN}.pot") if message.id}
    said = {(m.id, m.context) for m in catalogue if m.id and all(sentences(m)) and not m.fuzzy}
    assert wanted - said == set(), "translate them in the .po files; `make messages` puts them there"
    assert {(m.id, m.context) for m in catalogue if m.id} - wanted == set(), "run `make messages`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_place_in_a_sentence_is_lost_or_misspelt(language: str) -> None:
    for message in messages(f"{language}/LC_MESSAGES/{DOMAIN}.po"):
        if not message.id:
            continue
        forms = message.id if isinstance(message.id, tuple) else (message.id,)
        for said in sentences(message):
            assert sorted(set(PLACE.findall(said))) == sorted(set(PLACE.findall(forms[-1]))), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_telephony_reads_is_within_latin_1(language: str) -> None:
    translate = translations_of(language).gettext
    for sentence in ("O CPF/CNPJ informado não é válido.", "A ligação foi entregue à tela do ramal {extension}."):
        assert translate(sentence) != sentence
        translate(sentence).encode("latin-1")
