"""An agent's own password: chosen on a page, and before anything else by whom an administrator gave one."""

import re

import pytest

from soap_service.errors import NotFound
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.passwords import LONGEST_PASSWORD
from tests.demonstration import cheap_hash

from .conftest import PASSWORD, Browser, Desk
from .test_administration import ROOT

PAGE = "/preferencias/senha"
NEW = "cavalo bateria grampo"


def choose(browser: Browser, password: str = NEW, former: str = PASSWORD, **changes: str) -> str:
    """Post the form, and return the page that follows."""
    fields = {"senha_atual": former, "senha": password, "senha_de_novo": password, **changes}
    response = browser.post(PAGE, **fields)
    return browser.follow(response).text if response.status_code == 303 else response.text


def test_an_agent_chooses_another_password(desk: Desk, ana: Browser) -> None:
    assert PAGE in ana.get("/preferencias").text
    ana.get(PAGE)
    assert "Senha trocada. Suas outras sessões terminaram." in choose(ana)
    assert ana.get("/").status_code == 200
    assert desk.visitor().log_in("ana").status_code == 403
    assert desk.visitor().log_in("ana", NEW).location == "/"


def test_the_agents_other_log_ins_end(desk: Desk, ana: Browser, bia: Browser) -> None:
    other = desk.visitor()
    other.log_in("ana")
    choose(ana)
    assert other.get("/").status_code == 303
    assert ana.get("/").status_code == bia.get("/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"senha_atual": "uma outra senha"}, "Esta não é a sua senha atual."),
        ({"senha_atual": ""}, "Esta não é a sua senha atual."),
        ({"senha_atual": "x" * 5000}, "Esta não é a sua senha atual."),
        ({"senha_de_novo": "bem diferente"}, "As duas senhas não são iguais."),
        ({"senha": PASSWORD, "senha_de_novo": PASSWORD}, "Escolha uma senha diferente da atual."),
        ({"senha": "curta", "senha_de_novo": "curta"}, "A senha precisa de pelo menos 10 caracteres."),
        ({"senha": "1234567890", "senha_de_novo": "1234567890"}, "Esta senha é fácil de adivinhar"),
        ({"senha": "ana.souza1", "senha_de_novo": "ana.souza1"}, "Esta senha é fácil de adivinhar"),
        ({"senha": "x y" * 500, "senha_de_novo": "x y" * 500}, f"Use no máximo {LONGEST_PASSWORD} caracteres."),
    ],
)
def test_a_password_that_is_refused_is_not_changed_and_not_repeated(
    desk: Desk, ana: Browser, changes: dict[str, str], sentence: str
) -> None:
    ana.get(PAGE)
    page = choose(ana, **changes)
    assert sentence in page
    assert all(text not in page for text in (PASSWORD, NEW, *filter(None, changes.values())))
    assert desk.visitor().log_in("ana").status_code == 303


def test_the_former_password_is_not_guessed_on_the_page(desk: Desk, ana: Browser) -> None:
    ana.get(PAGE)
    for _ in range(10):
        assert "Esta não é a sua senha atual." in choose(ana, former="uma outra senha")
    assert "Aguarde um minuto" in choose(ana)
    assert desk.visitor().log_in("ana").status_code == 303


def test_passwords_are_not_shown_on_the_page_of_a_form_that_is_too_old(ana: Browser) -> None:
    response = ana.post(PAGE, token="wrong", senha_atual=PASSWORD, senha=NEW, senha_de_novo=NEW)
    assert response.status_code == 403
    assert PASSWORD not in response.text and NEW not in response.text


@pytest.fixture
def eva(desk: Desk) -> Browser:
    """The browser of an agent whom an administrator has just added, logged in."""
    desk.store.staff.add_agent("eva", "Eva Reis", cheap_hash(PASSWORD), ["SDNIVEL1"], must_change=True)
    eva = desk.visitor()
    eva.get("/entrar?para=/solicitacoes")
    eva.follow(eva.post("/entrar", usuario="eva", senha=PASSWORD, para=eva.hidden("para")))
    return eva


def test_who_was_given_a_password_chooses_one_before_anything_else(desk: Desk, eva: Browser) -> None:
    asked = eva.get("/solicitacoes?ordem=prazo")
    assert asked.location == f"{PAGE}?para=%2Fsolicitacoes%3Fordem%3Dprazo"
    page = eva.follow(asked).text
    assert "Escolha a sua senha" in page
    assert "data-agent" not in page and "/solicitacoes/nova" not in page
    assert eva.post("/ramal", ramal="4067").location.startswith(PAGE)
    assert desk.store.extensions.number_of(desk.store.staff.find_agent("eva").id) is None
    assert eva.get("/sessao").status_code == 200
    followed = eva.get(f"{PAGE}?para=/solicitacoes")
    assert followed.status_code == 200
    response = eva.post(PAGE, senha_atual=PASSWORD, senha=NEW, senha_de_novo=NEW, para=eva.hidden("para"))
    assert response.location == "/solicitacoes?aviso=senha-escolhida"
    assert eva.follow(response).status_code == 200
    again = desk.visitor()
    assert again.log_in("eva", NEW).location == "/"
    assert again.get("/").status_code == 200


def test_who_must_choose_a_password_can_go(eva: Browser) -> None:
    eva.get(PAGE)
    assert eva.follow(eva.post("/sair")).status_code == 200
    assert eva.get(PAGE).location.startswith("/entrar")


def test_a_password_that_was_given_is_changed_at_the_next_log_in(desk: Desk, rui: Browser) -> None:
    rui.post(f"{ROOT}/atendentes/{desk.ana.id}/senha", senha=NEW, senha_de_novo=NEW)
    ana = desk.visitor()
    ana.log_in("ana", NEW)
    assert ana.get("/").location.startswith(PAGE)


def drawn_password(browser: Browser) -> str:
    found = re.search(r'<output id="senha-sorteada"[^>]*>([a-z2-7]{4}(?:-[a-z2-7]{4}){6})<', browser.page)
    assert found, browser.page
    return found[1]


def test_for_a_new_agent_without_a_password_one_is_drawn_and_shown_once(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/atendentes/novo"
    rui.get(path)
    typed = {"login": "eva", "nome": "Eva Reis", "papel": "agent", "ativo": "S", "chave": rui.hidden("chave")}
    assert rui.post(path, senha="", senha_de_novo="", **typed).status_code == 200
    password = drawn_password(rui)
    assert rui.post(path, senha="", senha_de_novo="", **typed).status_code == 303  # the form again: the first counts
    assert password not in rui.get(f"{ROOT}/historico").text
    eva = desk.visitor()
    eva.log_in("eva", password)
    assert eva.get("/solicitacoes").location.startswith(PAGE)
    eva.get(PAGE)
    assert "Escolha uma senha diferente da atual." in choose(eva, password, password)
    assert "Senha trocada." in choose(eva, former=password)
    assert desk.visitor().log_in("eva", password).status_code == 403


def test_a_reset_without_a_password_draws_another_each_time(desk: Desk, rui: Browser) -> None:
    drawn = set()
    for _ in range(2):
        rui.get(f"{ROOT}/atendentes/{desk.ana.id}")
        rui.post(f"{ROOT}/atendentes/{desk.ana.id}/senha", senha="", senha_de_novo="")
        drawn.add(drawn_password(rui))
    assert len(drawn) == 2
    assert desk.visitor().log_in("ana", drawn_password(rui)).location == "/"
    half = rui.post(f"{ROOT}/atendentes/{desk.ana.id}/senha", senha="", senha_de_novo=NEW)
    assert half.status_code == 422 and "As duas senhas não são iguais." in half.text


def test_administrators_are_asked_for_their_own_former_password(desk: Desk, rui: Browser) -> None:
    number = desk.store.staff.find_agent("rui").id
    assert 'name="senha"' not in rui.get(f"{ROOT}/atendentes/{number}").text
    response = rui.post(f"{ROOT}/atendentes/{number}/senha", senha=NEW, senha_de_novo=NEW)
    assert response.location == PAGE
    assert desk.visitor().log_in("rui").status_code == 303


def test_a_new_agents_password_is_judged_by_the_agents_name(rui: Browser) -> None:
    typed = {"login": "eva", "nome": "Eva Quixeramobim", "papel": "agent", "ativo": "S"}
    easy = "quixeramobim.eva"
    rui.get(f"{ROOT}/atendentes/novo")
    page = rui.post(f"{ROOT}/atendentes/novo", senha=easy, senha_de_novo=easy, chave=rui.hidden("chave"), **typed)
    assert "Esta senha é fácil de adivinhar" in page.text


def test_a_log_in_that_must_choose_a_password_has_no_stream(desk: Desk, eva: Browser) -> None:
    cookie = eva.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    with pytest.raises(NotFound):
        desk.store.logins.find_subscriber(cookie.value)
    eva.get(PAGE)
    choose(eva)
    assert desk.store.logins.find_subscriber(cookie.value).agent_id == desk.store.staff.find_agent("eva").id
