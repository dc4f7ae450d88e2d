"""How pages are made: one Jinja environment a language, with the filters of the templates. Knows no store, no visit."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from soap_service.documents import format_document
from soap_service.model import Call
from soap_service.screens.assets import Assets
from soap_service.screens.language import languages, translations_of
from soap_service.situations import LEVELS

_TEMPLATES = Path(__file__).parent.parent / "templates"
#: Shown where there is nothing to show.
NOTHING = "--"


class Pages:
    """The templates, ready in every language. Times are shown in `zone`."""

    def __init__(self, zone: ZoneInfo, assets: Assets) -> None:
        self._zone, self._assets = zone, assets
        self._environments = {language: self._environment(language) for language in languages()}

    def render(self, language: str, template: str, values: dict[str, object]) -> str:
        """Return a page as HTML."""
        return self._environments[language].get_template(template).render(values, language=language)

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
        environment.filters["moment"] = self._moment
        environment.filters["iso"] = self._iso
        environment.filters["document"] = _document
        environment.globals["asset"] = self._assets.address_of
        environment.globals["LEVELS"] = LEVELS
        environment.globals["NOTHING"] = NOTHING
        environment.tests["about_a_request"] = _is_about_a_request
        return environment

    def _moment(self, instant: datetime | None) -> str:
        """Return an instant as people at the desk read it, to the minute."""
        return NOTHING if instant is None else instant.astimezone(self._zone).strftime("%d/%m/%Y %H:%M")

    def _iso(self, instant: datetime) -> str:
        """Return an instant for the `datetime` attribute of a `time` element."""
        return instant.astimezone(self._zone).isoformat(timespec="seconds")


def _document(document: str) -> str:
    return format_document(document) if document else NOTHING


def _is_about_a_request(call: Call) -> bool:
    return call.request_id is not None
