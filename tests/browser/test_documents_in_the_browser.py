"""A document is checked as it is typed, by the same rules and in the same words as on the server, and goes nowhere."""

import random
import re
from collections import Counter

import pytest
from playwright.sync_api import Page, Request, expect

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import correct_document, format_document, has_valid_check_digits, normalise_document
from tests.browser.conftest import Desk, picture

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WARNING = re.compile(r"^Os dígitos verificadores não conferem\.")


def judge(typed: str) -> list[str]:
    """Return what documents.py says of a text as documents.js does: how it reads, corrected, its verdict."""
    try:
        document = normalise_document(typed)
    except InvalidDocument:
        return ["", "", "none"]
    corrected = correct_document(document)
    return [document, corrected, "right" if has_valid_check_digits(document) or corrected else "wrong"]


def complete(body: str) -> str:
    """Return the body of a document with the check digits that documents.py holds for right."""
    documents = (f"{body}{last:02}" for last in range(100))
    return next(filter(has_valid_check_digits, documents), f"{body}00")


def make_values(chance: random.Random) -> list[str]:
    """Return texts as people and platforms write them: right, wrong, short of zeros, labelled, floats, no documents."""
    values = ["", "---", "12312312312", "11111111111", "12ABC34501DE35", "12.abc.345/01de-35", "ß" * 7, "١١١٤٤٤٧٧٧٣٥"]
    values += ["CPF", "CNPJı1234567801", "1.1144477735E10", "1,11445E+10", "\u0085191", "\u200b191", "1" * 5000]
    while len(values) < 26_000:
        is_cpf = chance.random() < 0.4
        letters = CHARACTERS if chance.random() < 0.4 else CHARACTERS[:10]
        body = "".join(chance.choices(CHARACTERS[:10], k=9) if is_cpf else chance.choices(letters, k=12))
        if chance.random() < 0.3:
            body = body[4:].rjust(len(body), "0")
        document = complete(body)
        place = chance.randrange(len(document))
        wrong = document[:place] + chance.choice(CHARACTERS) + document[place + 1 :]
        short = document.lstrip("0")
        values += [document, wrong, format_document(document).lower(), short, document[:-1], body, f"000{document}"]
        values += [f"{short[:1]}{chance.choice('.,')}{short[1:]}{chance.choice('eE')}{len(short) - 1}", f"{wrong}.0"]
        label, blank = chance.choice(("CPF", "cnpj:", "CPF/CNPJ: ", "Cpf ")), chance.choice(" \t\u00a0\u2003\u3000\x1c")
        values.append(f"{blank}{label}{chance.choice((document, wrong, short))}{chance.choice(('', '.00', ',0', '#'))}")
        values.append("".join(chance.choices(CHARACTERS + ".-/ ßçı\u00a0😀,:+#*", k=chance.randrange(20))))
        values.append("".join(chance.choices("01.,E+-", k=chance.randrange(20))))
    return values


JUDGE = """async (values) => {
    const script = document.querySelector("script[src$='/documents.js']").src;
    const { normaliseDocument, correctDocument, judgeDocument } = await import(script);
    return values.map((one) => {
        const read = normaliseDocument(one);
        return [read, correctDocument(read), judgeDocument(one)];
    });
}"""


@pytest.fixture
def page(shared_desk: Desk) -> Page:
    return new_request(shared_desk)


def new_request(desk: Desk) -> Page:
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/nova")
    return page


def test_the_script_and_the_server_judge_alike(page: Page) -> None:
    values = make_values(random.Random(20_260_701))
    told = dict(zip(values, page.evaluate(JUDGE, values), strict=True))
    assert told == {value: judge(value) for value in values}
    verdicts = Counter(verdict for _, _, verdict in told.values())
    assert min(verdicts[verdict] for verdict in ("right", "wrong", "none")) > 1000
    assert sum(1 for _, corrected, _ in told.values() if corrected) > 300
    assert len(told) >= 20_000


def test_wrong_check_digits_are_warned_of_as_they_are_typed(page: Page) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    field, warning = page.get_by_label("CPF/CNPJ", exact=True), page.locator("#novo_documento-warning")
    field.press_sequentially("111.444.777-3")
    assert warning.inner_text() == ""  # half a document is no wrong one
    field.press_sequentially("4")
    expect(warning).to_have_text(WARNING)
    expect(warning).to_have_attribute("role", "status")
    expect(field).to_have_accessible_description(WARNING)
    picture(page, "document-warned")
    field.press("Backspace")
    field.press_sequentially("5")
    expect(warning).to_have_text("")
    field.fill("1234567890")  # of a column that lost its zero
    expect(warning).to_have_text("")
    field.fill("12345678901")
    expect(warning).to_have_text(WARNING)
    field.fill("11144477735.0")  # of a column of floats
    expect(warning).to_have_text("")
    field.fill("CPF 111.444.777-34")
    expect(warning).to_have_text(WARNING)
    field.fill("12.ABC.345/01DE-35")
    expect(warning).to_have_text("")
    field.fill("12.ABC.345/01DE-36")
    expect(warning).to_have_text(WARNING)
    quiet = ("/static/", "/eventos")  # the icon may come late, and the stream is proved from time to time
    assert [one.url for one in sent if not any(part in one.url for part in quiet)] == []


def test_the_warning_refuses_nothing_and_is_the_servers_own(desk: Desk) -> None:
    page = new_request(desk)
    page.get_by_label("Nome", exact=True).fill("Rita Nova")
    page.get_by_label("CPF/CNPJ", exact=True).fill("123.123.123-99")
    warning = page.locator("#novo_documento-warning")
    expect(warning).to_have_text(WARNING)
    typed = warning.inner_text()
    page.get_by_label("Serviço").select_option(label="Acesso a sistema")
    page.get_by_label("Descrição").fill("Sem acesso.")
    page.get_by_role("button", name="Registrar solicitação").click()
    expect(page.get_by_text("Confira o aviso sobre o CPF/CNPJ e registre de novo.")).to_be_visible()
    assert warning.inner_text() == typed
    page.get_by_role("button", name="Registrar solicitação").click()
    expect(page.get_by_text(re.compile(r"Solicitação nº \d+ registrada\."))).to_be_visible()
    assert desk.service.store.requesters.find("12312312399").name == "Rita Nova"


@pytest.mark.parametrize("path", ["/solicitacoes/nova", "/solicitacoes"])
def test_a_search_warns_of_documents_and_not_of_numbers_or_names(shared_desk: Desk, page: Page, path: str) -> None:
    page.goto(f"{shared_desk.service.url}{path}")
    field, warning = page.get_by_role("searchbox"), page.locator("#busca-warning")
    for typed in ("955", "Maria da Silva", "1234567891", "34534.0"):
        field.fill(typed)
        page.wait_for_timeout(450)
        assert warning.inner_text() == ""
    field.fill("11144477734")
    expect(warning).to_have_text(WARNING)
    field.fill("11144477735")
    expect(warning).to_have_text("")
