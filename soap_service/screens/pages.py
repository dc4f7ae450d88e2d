"""How pages are made: one Jinja environment a language, with the filters of the templates. Knows no store, no visit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from soap_service.model import Call
from soap_service.rules.documents import format_document, masked_document
from soap_service.rules.erasing import is_placeholder
from soap_service.rules.situations import LEVELS, word_of_action
from soap_service.screens.assets import Assets
from soap_service.screens.formats import Formats
from soap_service.screens.language import translations_of

_TEMPLATES = Path(__file__).parent.parent / "templates"
#: Shown where there is nothing to show.
NOTHING = "—"


class Pages:
    """The templates in every language, each made ready when it is first spoken. Times are shown in `zone`."""

    def __init__(self, zone: ZoneInfo, assets: Assets) -> None:
        self.zone, self._assets = zone, assets
        self._formats: dict[str, Formats] = {}
        self._environments: dict[str, Environment] = {}

    def render(self, language: str, template: str, values: dict[str, object]) -> str:
        """Return a page as HTML."""
        environment = self._environments.get(language)
        if environment is None:
            environment = self._environments[language] = self._environment(language)
        return environment.get_template(template).render(values, language=language)

    def formats(self, language: str) -> Formats:
        """Return how that language writes dates and numbers."""
        formats = self._formats.get(language)
        if formats is None:
            formats = self._formats[language] = Formats(language, self.zone)
        return formats

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        translations = translations_of(language)
        # What the extension adds to an environment is not in Jinja's annotations.
        environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
        # For what comes from the database: `_` would trust it as HTML.
        environment.filters["translated"] = lambda text: translations.gettext(text) if text else ""
        formats = self.formats(language)
        environment.filters["moment"] = partial(_shown, formats.moment)
        environment.filters["time"] = partial(_shown, formats.time)
        environment.filters["day"] = partial(_shown, formats.day)
        environment.filters["number"] = partial(_shown, formats.number)
        environment.filters["short_day"] = partial(_shown, formats.short_day)
        environment.filters["milliseconds"] = partial(_shown, formats.milliseconds)
        environment.filters["percent"] = partial(_shown, formats.percent)
        environment.filters["iso"] = formats.iso
        environment.filters["action"] = word_of_action
        environment.filters["tel"] = _telephone
        environment.filters["document"] = _document
        environment.filters["masked"] = _masked
        environment.globals["asset"] = self._assets.address_of
        environment.globals["LEVELS"] = LEVELS
        environment.globals["NOTHING"] = NOTHING
        environment.tests["about_a_request"] = _is_about_a_request
        return environment


def _shown(written: Callable[[Any], str], value: object) -> str:
    """Return a value as it is written, and something where there is none."""
    return NOTHING if value is None else written(value)


def _telephone(number: str) -> str:
    """Return what can be dialled of a telephone number as it was typed. Source: RFC 3966."""
    dialled = "".join(one for one in number if one in "0123456789*#")
    return ("+" if number.lstrip().startswith("+") else "") + dialled


def _document(document: str) -> str:
    return format_document(document) if document and not is_placeholder(document) else NOTHING


def _masked(document: str) -> str:
    return masked_document(document) if document else NOTHING


def _is_about_a_request(call: Call) -> bool:
    return call.request_id is not None
