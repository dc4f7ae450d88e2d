"""Which language a page speaks, and its translations. Knows gettext catalogues; neither store nor screen.

The sentences in the code are Portuguese, and Portuguese is the source: it needs no catalogue. Another language needs
one file, `locale/<language>/LC_MESSAGES/soap_service.mo`, and nothing here.
"""

import gettext
from functools import cache
from pathlib import Path

from werkzeug.datastructures import LanguageAccept

DOMAIN = "soap_service"
SOURCE_LANGUAGE = "pt-BR"
_LOCALE = Path(__file__).parent.parent / "locale"


def N_(sentence: str) -> str:  # noqa: N802 - the name by which extraction knows it
    """Mark a sentence for the catalogue; it is translated where it is shown."""
    return sentence


#: What the store says or keeps in Portuguese and the screens translate when they show it.
STORE_SENTENCES = (
    N_("Em andamento"),
    N_("Suspensa"),
    N_("Cancelada"),
    N_("Resolvida"),
    N_("Reaberta"),
    N_("Fechada"),
    N_("Reclassificada"),
    N_("abertura"),
    N_("anotação"),
    N_("suspensão"),
    N_("reativação"),
    N_("resolução"),
    N_("encerramento"),
    N_("reabertura"),
    N_("cancelamento"),
    N_("Alta"),
    N_("Média"),
    N_("Baixa"),
    N_("criada"),
    N_("entregue"),
    N_("vista"),
    N_("atendida"),
    N_("perdida"),
    N_("incidente"),
    N_("requisição"),
    N_("O ramal tem até 20 caracteres: dígitos, letras e * # + - . @ _"),
    N_("O parâmetro 282 está ativado, mas o parâmetro 283 não informa o serviço."),
    N_("O parâmetro 283 informa um serviço que não existe ou não está ativo."),
)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that can be had, as HTML names them, the source first."""
    catalogues = _LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return SOURCE_LANGUAGE, *sorted(file.parent.parent.name.replace("_", "-") for file in catalogues)


def choose_language(accepted: LanguageAccept) -> str:
    """Return the one of `languages` that the browser likes best; Portuguese when it likes none."""
    return accepted.best_match(languages(), default=SOURCE_LANGUAGE)


def translations_of(language: str) -> gettext.NullTranslations:
    """Return the translations into that language; of the source language there are none."""
    return gettext.translation(DOMAIN, _LOCALE, [language.replace("-", "_")], fallback=True)
