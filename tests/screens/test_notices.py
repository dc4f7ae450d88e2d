import re
from pathlib import Path

import soap_service
from soap_service.screens import notices
from soap_service.screens.forms import is_typed
from soap_service.screens.routes import ADDRESSES

SCREENS = Path(soap_service.__file__).parent / "screens"


def test_each_notice_is_declared_once() -> None:
    assert list(ADDRESSES.iter_rules())  # every screen is imported
    code = "\n".join(file.read_text("utf-8") for file in SCREENS.rglob("*.py"))
    declared = re.findall(r'\bdeclare(?:_telling)?\(\s*"([a-z-]+)"', code)
    assert len(declared) == len(set(declared)) > 20
    assert set(declared) == {*notices._SENTENCES, *notices._TELLING}


def test_no_page_shows_again_what_is_secret_or_was_not_typed() -> None:
    hidden = ("form_token", "senha", "senha_de_novo", "documento_conferido", "carimbo", "chave", "versao", "acao")
    assert not any(map(is_typed, hidden))
    assert is_typed("anotacao")
