"""An administrator at the screens of Administration, with the service answering to what they change."""

import base64
import re
from datetime import timedelta
from pathlib import Path

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, picture
from tests.conftest import NAMESPACE, element, wait_until

ROOT = "/administracao"


def administration(desk: Desk, section: str) -> Page:
    page = desk.page("admin")
    page.get_by_role("navigation", name="Menu principal").get_by_role("link", name="Administração").click()
    page.get_by_role("navigation", name="Administração").get_by_role("link", name=section).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def count_requests(desk: Desk, name: str, secret: str) -> httpx.Response:
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<obterQtdeSolicitacoes xmlns="{NAMESPACE}"><cpf>11144477735</cpf></obterQtdeSolicitacoes>'
        "</e:Body></e:Envelope>"
    )
    basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
    headers = {"Content-Type": "text/xml", "Authorization": f"Basic {basic}"}
    return httpx.post(desk.service.endpoint, content=envelope, headers=headers, timeout=15)


def open_request(desk: Desk, page: Page) -> timedelta:
    """Register a request with an SLA of eight hours as an agent does, and return the time until it is due."""
    page.goto(f"{desk.service.url}/solicitacoes/nova")
    page.get_by_label("CPF/CNPJ ou nome").fill("11144477735")
    page.get_by_role("button", name="Buscar").click()
    page.get_by_role("button", name="Escolher").click()
    page.get_by_label("Serviço").select_option(label="Falha em estação de trabalho")
    page.get_by_label("Descrição").fill("Sem rede.")
    page.get_by_role("button", name="Registrar solicitação").click()
    page.wait_for_url(re.compile(r"/solicitacoes/\d+"))
    request = desk.service.store.requests.find(int(page.url.partition("?")[0].rpartition("/")[2]))
    assert request.deadline is not None
    return request.deadline - request.opened_at


def test_a_wrong_parameter_is_refused_and_the_last_good_one_stays(desk: Desk) -> None:
    page = administration(desk, "Parâmetros")
    service = next(one for one in desk.service.store.catalogue.list_services() if one.name == "Projeto sob demanda")
    page.get_by_label("Valor do parâmetro 283").select_option(label=f"{service.id} – {service.name}")
    other = desk.page("admin")
    other.goto(f"{desk.service.url}{ROOT}/servicos/{service.id}")
    other.get_by_label("Ativo").uncheck()
    other.get_by_role("button", name="Gravar").click()
    expect(other.get_by_text("Alteração gravada.")).to_be_visible()
    before = desk.service.store.parameters.value(283)
    page.get_by_role("button", name="Gravar 283").click()
    expect(page.get_by_role("alert").get_by_text("Não há serviço ativo com esse número")).to_be_visible()
    picture(page, "parameter-refused")
    assert desk.service.store.parameters.value(283) == before
    page.get_by_label("Valor do parâmetro 281").select_option("N")
    page.get_by_role("button", name="Gravar 281").click()
    picture(page, "parameter-asked")
    page.get_by_role("button", name="Desligar a telefonia").click()
    expect(page.get_by_text("Alteração gravada.")).to_be_visible()
    wait_until(lambda: "INTEGRACAO_DESATIVADA" in desk.service.call("obterQtdeSolicitacoes", cpf="11144477735"))


def test_the_secret_of_a_new_integration_calls_until_it_is_revoked(desk: Desk) -> None:
    page = administration(desk, "Integrações")
    page.get_by_role("link", name="Nova integração").click()
    page.get_by_label("Nome").fill("ivr-nova")
    page.get_by_label("novaSolicitacao").uncheck()
    page.get_by_role("button", name="Gravar").click()
    shown = page.get_by_label("Segredo", exact=True)
    secret = shown.inner_text()
    page.reload()
    expect(shown).to_have_text(secret)
    page.set_viewport_size({"width": 320, "height": 720})
    assert shown.evaluate("one => one.scrollWidth <= one.clientWidth")
    picture(page, "secret-320")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Copiar").click()
    expect(page.get_by_role("button", name="Copiado")).to_be_visible()
    picture(page, "secret")
    wait_until(lambda: count_requests(desk, "ivr-nova", secret).status_code == 200)
    assert element(count_requests(desk, "ivr-nova", secret).text, "obterQtdeSolicitacoesResult") == "1?34534"
    wait_until(lambda: desk.service.store.integrations.list_uses())
    page.get_by_role("link", name="Já copiei").click()
    row = page.get_by_role("row").filter(has_text="ivr-nova")
    expect(row).not_to_contain_text("nunca")
    picture(page, "integrations")
    page.goto(f"{desk.service.url}{ROOT}/integracoes")
    page.get_by_role("link", name="ivr-nova").click()
    page.get_by_role("link", name="Revogar…").click()
    page.get_by_role("button", name="Revogar").click()
    expect(page.get_by_text("Integração revogada.")).to_be_visible()
    wait_until(lambda: count_requests(desk, "ivr-nova", secret).status_code == 401)
    assert secret not in desk.service.log


def test_an_agent_who_is_no_administrator_is_refused(desk: Desk) -> None:
    page = desk.page("atendente")
    expect(page.get_by_role("link", name="Administração")).to_have_count(0)
    answer = page.goto(f"{desk.service.url}{ROOT}/parametros")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name="Você não tem permissão")).to_be_visible()


def test_a_change_of_the_calendar_changes_the_deadline_of_a_new_request(desk: Desk) -> None:
    page = administration(desk, "Calendário")
    for day in ("Segunda", "Terça", "Quarta", "Quinta", "Sexta"):
        page.get_by_label(f"{day}-feira", exact=True).fill("00:00-24:00")
    for day in ("Sábado", "Domingo"):
        page.get_by_label(day, exact=True).fill("00:00-24:00")
    page.get_by_label("Não contar os feriados nacionais").uncheck()
    page.get_by_label("Aberta em").fill("2016-06-30T14:10")
    page.get_by_role("button", name="Calcular o exemplo").click()
    expect(page.get_by_text("30/06/2016 22:10")).to_be_visible()
    picture(page, "calendar")
    page.get_by_role("button", name="Gravar").click()
    expect(page.get_by_text("Alteração gravada.")).to_be_visible()
    assert open_request(desk, page) == timedelta(hours=8)


def test_a_file_is_checked_confirmed_and_its_rejects_downloaded(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "pessoas.csv"
    file.write_text("cpf;nome;cor\n39053344705;Otávio Reis;azul\n123;Zé;\n;Ana;\n", "utf-8")
    page = administration(desk, "Importar")
    page.get_by_role("button", name="Conferir o arquivo").click()
    expect(page.get_by_text("Escolha o arquivo.", exact=True)).to_be_visible()
    page.locator("#arquivo").set_input_files(file)
    page.get_by_role("button", name="Conferir o arquivo").click()
    expect(page.get_by_role("heading", name="Nada mudou ainda")).to_be_focused()
    expect(page.get_by_role("cell", name="o documento não é um CPF ou CNPJ")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    for theme in ("light", "dark"):
        for width in (320, 1280):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            picture(page, f"import-{theme}-{width}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Baixar as linhas rejeitadas").click()
    assert download.value.suggested_filename == "rejeitadas.csv"
    assert "there is no document" in download.value.path().read_text("utf-8")
    page.get_by_role("button", name="Importar", exact=True).click()  # the file is still chosen
    expect(page.get_by_role("heading", name="Importado")).to_be_focused()
    picture(page, "imported")
    assert desk.service.store.requesters.find("39053344705").name == "Otávio Reis"
