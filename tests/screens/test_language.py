import ast
import re
from pathlib import Path

from jinja2 import Environment
from werkzeug.datastructures import LanguageAccept

import soap_service
from soap_service.cli import sentences
from soap_service.errors import Reason
from soap_service.model import CallState
from soap_service.rules.situations import LEVELS, SITUATION_LABELS, Action, word_of_action
from soap_service.screens import reasons
from soap_service.screens.language import STORE_SENTENCES, choose_language
from soap_service.screens.requests.registration import KINDS

PACKAGE = Path(soap_service.__file__).parent
MARKERS = {"gettext", "ngettext", "N_"}


def gathered() -> set[str]:
    """Return the sentences of the catalogue's template."""
    text = (PACKAGE / "locale" / "soap_service.pot").read_text("utf-8")
    entries = re.findall(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n?)+)', text, re.MULTILINE)
    return {"".join(ast.literal_eval(line) for line in entry.splitlines()) for entry in entries}


def in_templates() -> set[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found = set()
    for file in (PACKAGE / "templates").rglob("*.html"):
        for _, function, message in environment.extract_translations(file.read_text("utf-8")):
            texts = [part for part in message if part] if isinstance(message, tuple) else [message]
            found.add(texts[1] if function == "pgettext" else texts[0])
    return found


def in_code() -> set[str]:
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in MARKERS and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


def test_every_sentence_of_the_screens_stands_in_the_catalogue() -> None:
    assert in_templates() | in_code() == gathered() - {""}, "run `make messages`"


def test_what_the_store_says_stands_in_the_catalogue() -> None:
    shown = {*SITUATION_LABELS.values(), *map(word_of_action, Action), *LEVELS.values(), *CallState, *KINDS}
    assert {str(word) for word in shown} <= set(STORE_SENTENCES)


def test_a_browser_without_a_language_of_ours_reads_portuguese() -> None:
    assert choose_language("", LanguageAccept([("ja", 1)])) == "pt-BR"
    assert choose_language("", LanguageAccept([("pt", 1)])) == "pt-BR"
    assert choose_language("", LanguageAccept([])) == "pt-BR"


def test_a_browser_reads_its_own_language_unless_another_was_chosen() -> None:
    assert choose_language("", LanguageAccept([("es-AR", 1), ("en", 0.5)])) == "es"
    assert choose_language("", LanguageAccept([("en-US", 1)])) == "en"
    assert choose_language("pt-BR", LanguageAccept([("en-US", 1)])) == "pt-BR"
    assert choose_language("tlh", LanguageAccept([("en-US", 1)])) == "en"


def test_each_reason_of_a_rule_has_a_sentence_at_each_door() -> None:
    assert set(reasons.REASONS) == set(sentences.REASONS) == set(Reason)
