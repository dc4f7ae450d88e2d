"""One word for a thing in each language: words that were mixed once do not come back into any sentence."""

import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from soap_service.language import DOMAIN, LANGUAGES, LOCALE, SOURCE_LANGUAGE

PLACE = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
#: By language: what no sentence says, and what it says instead.
BANNED = {
    "pt-BR": {
        # What a platform asks of the web services is a call of theirs; what comes to an extension is a phone call.
        r"^(?!.*(SOAP|recus|demais|plataforma|aceita|teste)).*chamada": "ligação",
        r"encerr": "fechada, or finalizada for what is closed, resolved or cancelled",
        r"\bconcluíd|\bterminada": "finalizada",
        r"--": "—",
        r"\bsalv(ar|o|a)\b": "gravar",
        r"\busuári[oa] atendente|\boperador": "atendente",
        r"\bclique": "use, abra",
        r"\bticket|\bchamado\b": "solicitação",
        r"\bdeletar|\bexcluir": "remover, apagar",
    },
    "en": {
        r"--": "—",
        r"\bsituation": "status",
        r"\bticket|\bincident request": "request",
        r"\bswitch(ed)? (on|off)|\bswitch .* (on|off)\b": "turn on, turn off",
        r"\bon hold": "stopped",
        r"\blaunch": "create",
        r"\bexecut": "work on",
        r"\bring(s|ing)?\b|\bphone call": "call",
        r"\bsign (in|out)|\blogin\b": "log in, log out",
        r"\boperator|\battendant": "agent",
        r"\boverdue": "late",
        r"\bresponsible": "assignee",
    },
    "es": {
        r"--": "—",
        r"\bsituación": "estado",
        r"\bticket": "solicitud",
        r"\bweb services?\b": "servicio web",
        r"\b(vuelva a|están) entra|\binici(ar|e) sesión": "ingresar",
        r"\binform(e|ar|ad|ó|a)\b": "indicar, comunicar",
        r"\bfalla interna": "fallo",
        r"\benvelope": "sobre",
        r"\blanza": "crear",
        r"\boperador|\basistente": "agente",
        r"\bsalvar|\bgrabar": "guardar",
        r"\bterminada": "finalizada",
    },
}


def sentences(language: str) -> list[str]:
    """Return all that the screens and the receipts say in a language."""
    is_source = language == SOURCE_LANGUAGE
    path = LOCALE / (f"{DOMAIN}.pot" if is_source else f"{language}/LC_MESSAGES/{DOMAIN}.po")
    with path.open("rb") as file:
        catalogue: Catalog = read_po(file, None if is_source else language)
    found = [message.id if is_source else message.string for message in catalogue if message.id]
    return [PLACE.sub("", one) for said in found for one in ((said,) if isinstance(said, str) else said)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_thing_has_one_word(language: str) -> None:
    mixed = [
        f"{sentence!r}: {instead}"
        for sentence in sentences(language)
        for word, instead in BANNED[language].items()
        if re.search(word, sentence, re.IGNORECASE)
    ]
    assert mixed == []


def test_every_language_has_its_words() -> None:
    assert set(BANNED) == set(LANGUAGES)
    assert all(len(sentences(language)) > 300 for language in LANGUAGES)
