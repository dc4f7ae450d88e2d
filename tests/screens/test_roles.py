"""Each role at every address, from the table of routes itself: allowed or refused, written down and compared."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.routing import Rule
from werkzeug.test import Client

from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.roles import PERMISSIONS, Permission, Role, role_of
from soap_service.screens.routes import ADDRESSES
from tests.screens.conftest import Browser, Desk

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
ALLOWED, REFUSED = "yes", "–"
#: What a post needs to be judged by its role and not by what it lacks.
FIELDS = {"/administracao/parametros": {"parametro": "282", "valor": "S", "antes": "N"}}


def routes() -> Iterator[tuple[str, Rule]]:
    for rule in ADDRESSES.iter_rules():
        for method in ("GET", "POST"):
            if method in (rule.methods or ()):
                yield method, rule


def address_of(desk: Desk, rule: Rule, token: str) -> str:
    path = rule.rule.replace("<token:token>", token).replace("<path:path>", "style.css")
    number = str(desk.request.id if path.startswith("/solicitacoes") else 1)
    return path.replace("<number:number>", number)


def verdict(desk: Desk, method: str, rule: Rule, token: str, role: Role | None) -> str:
    """Return what becomes of a request by an agent of a role, who may execute, in a log-in of their own."""
    client = Client(desk.screens)
    fields = dict(FIELDS.get(rule.rule, {}))
    if role is not None:
        cookie = desk.store.logins.open(desk.store.staff.find_agent("ana").id, timedelta(hours=1))
        client.set_cookie(SESSION_COOKIE, cookie)
        fields["form_token"] = desk.store.logins.find(cookie).form_token
    if method == "GET":
        response = client.get(address_of(desk, rule, token))
    else:
        response = client.post(address_of(desk, rule, token), data=fields)
    is_led_to_log_in = method == "GET" and (response.location or "").startswith("/entrar?")
    if role is None and (response.status_code == 401 or is_led_to_log_in):
        return REFUSED
    is_refused = response.status_code == 403 and "Você não tem permissão" in response.text
    assert response.status_code < 500, (method, rule.rule)
    return REFUSED if is_refused else ALLOWED


def table(desk: Desk) -> list[str]:
    token = desk.announce("11144477735", extension="4067")
    found: dict[tuple[str, str], list[str]] = {(rule.rule, method): [] for method, rule in routes()}
    for role in (None, *Role):
        if role is not None:
            desk.give_role("ana", role)
        for method, rule in routes():
            found[rule.rule, method].append(verdict(desk, method, rule, token, role))
    needs = {(rule.rule, method): rule.endpoint.needs for method, rule in routes()}
    heads = ["address", "method", "needs", "visitor", *Role]
    rows = [[f"`{path}`", method, needs[path, method] or "nothing", *cells] for (path, method), cells in found.items()]
    lines = [heads, ["---"] * len(heads), *sorted(rows)]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def test_each_role_is_allowed_and_refused_what_the_checked_in_table_says(desk: Desk, tmp_path: Path) -> None:
    desk.store.staff.add_agent("eva", "Eva", "hash", role=Role.ADMINISTRATOR)
    written = "\n".join(table(desk))
    (tmp_path / "roles.md").write_text(written)
    checked_in = re.search(r"^\| address .*?(?=^$|\Z)", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert checked_in is not None
    assert written == checked_in[0].strip(), f"if {tmp_path / 'roles.md'} is right, put it into {PAGE}"


def test_what_is_allowed_is_what_the_route_needs_and_the_role_has() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) == len(list(routes()))
    for path, method, needs, visitor, *cells in rows:
        is_open = needs == "nothing"
        assert visitor == (ALLOWED if is_open else REFUSED), (path, method)
        for role, cell in zip(Role, cells, strict=True):
            has = is_open or Permission(needs) in PERMISSIONS[role]
            assert cell == (ALLOWED if has else REFUSED), (path, method, role)


@pytest.mark.parametrize(
    ("stored", "is_admin", "role"),
    [
        ("agent", True, Role.ADMINISTRATOR),  # a node of the version before made an administrator
        ("administrator", False, Role.AGENT),  # ... or took it away
        ("viewer", False, Role.VIEWER),
        ("supervisor", False, Role.SUPERVISOR),
        ("nonsense", False, Role.AGENT),
    ],
)
def test_is_admin_goes_before_the_role(stored: str, is_admin: bool, role: Role) -> None:
    assert role_of(stored, is_admin) is role


def test_a_viewer_reads_and_is_offered_nothing_else(desk: Desk) -> None:
    desk.give_role("ana", Role.VIEWER)
    ana = desk.browser_of("ana")
    for path in ("/", "/solicitacoes", f"/solicitacoes/{desk.request.id}", "/preferencias"):
        page = ana.get(path).text
        for hidden in ("/ramal", "/chamadas", "/solicitacoes/nova", "/executar", "/painel", "/diagnostico", ".csv"):
            assert f'"{hidden}' not in page and f"{hidden}?" not in page, (path, hidden)
    assert "Minhas" in ana.get("/").text


def test_who_becomes_a_viewer_gives_up_the_extension_and_executes_nothing(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("11144477735", desk.request.id)
    assert desk.store.requests.may_execute(desk.request.id, desk.ana.id)
    desk.give_role("ana", Role.VIEWER)
    assert desk.store.extensions.number_of(desk.ana.id) is None
    assert not desk.store.requests.may_execute(desk.request.id, desk.ana.id)
    assert not any(one.may_execute for one in desk.store.callers.glance(desk.maria.id, desk.ana.id).unfinished)
    assert desk.store.execution.list_executors() == []
    assert desk.store.execution.list_executing_groups() == []
    assert ana.post(f"/chamadas/{token}").status_code == 403


def test_a_supervisor_forwards_what_others_execute_and_no_more(desk: Desk) -> None:
    desk.give_role("bia", Role.SUPERVISOR)
    bia = desk.browser_of("bia")
    path = f"/solicitacoes/{desk.request.id}"
    assert "/painel" in bia.get(path).text
    key = bia.hidden("chave")
    fields = {"chave": key, "versao": "1", "responsavel": str(desk.ana.id), "responsavel_antes": "0"}
    assert bia.post(f"{path}/executar", acao="gravar", anotacao="", **fields).status_code == 303
    assert bia.post(f"{path}/executar", acao="resolver", anotacao="x").status_code == 403


def test_the_page_of_roles_says_the_same(rui: Browser) -> None:
    page = rui.get("/administracao/papeis").text
    assert page.count("<tr>") == 9
    assert "Supervisor" in page and "Consulta" in page
