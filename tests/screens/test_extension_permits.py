"""Extensions that only some agents may take."""

from tests.screens.conftest import Browser, Desk

HERE = "/administracao/ramais"


def test_only_who_is_named_takes_a_reserved_extension(desk: Desk, rui: Browser, ana: Browser, bia: Browser) -> None:
    bia.post("/ramal", ramal="4067")
    rui.get(HERE)
    rui.follow(rui.post(HERE, ramal="4067", usuarios="ana, rui"))
    assert desk.store.extension_permits.list_all() == [("4067", ["ana", "rui"])]
    assert desk.store.extensions.number_of(desk.bia.id) is None
    refused = bia.post("/ramal", ramal="4067")
    assert (refused.status_code, "reservado a outros atendentes" in refused.text) == (422, True)
    assert bia.post("/ramal", ramal="4067", assumir="4067").status_code == 422
    assert ana.post("/ramal", ramal="4067").status_code == 303
    rui.get(f"{HERE}?ramal=4067")
    assert 'value="ana, rui"' in rui.page
    rui.post(HERE, ramal="4067", usuarios="")
    assert bia.post("/ramal", ramal="4067", assumir="4067").status_code == 303
    history = [(one.subject, one.name) for one in desk.store.history.list_changes() if one.subject == "extension"]
    assert history == [("extension", "4067")] * 2


def test_what_cannot_be_reserved_is_said_at_its_field(desk: Desk, rui: Browser) -> None:
    rui.get(HERE)
    for fields, sentence in (
        ({"ramal": "", "usuarios": "ana"}, "Informe o ramal."),
        ({"ramal": "4 0 6 7", "usuarios": "ana"}, "O ramal tem até 20 caracteres"),
        ({"ramal": "4067", "usuarios": "ana ninguem"}, "Não há atendente com o usuário ninguem."),
    ):
        page = rui.post(HERE, **fields)
        assert (page.status_code, sentence in page.text) == (422, True), fields
    assert desk.store.extension_permits.list_all() == []
