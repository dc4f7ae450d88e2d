"""Pictures of every page at 1280 and 320 pixels and in the dark, all on one sheet, and the five of the documentation.

`make screenshots` writes them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import func, select

from soap_service.model import Request, RequestEvent
from soap_service.rules.situations import Situation
from tests.browser.pages import Walk, prepare
from tests.chromium import FLAGS
from tests.conftest import start_service

LOOKS = {
    "1280": {"viewport": {"width": 1280, "height": 800}},
    "320": {"viewport": {"width": 320, "height": 640}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
_STYLE = "body{font:11px sans-serif;margin:12px;background:#888;columns:5}figure{margin:0 0 12px;break-inside:avoid}"


def take(walk: Walk, browser: Browser, folder: Path) -> list[Path]:
    """Take all pictures and return their files."""
    files = []
    for look, options in LOOKS.items():
        context = walk.context(browser, **options)
        outside = browser.new_context(locale="pt-BR", **options)  # type: ignore[arg-type]
        for name, address in walk.addresses().items():
            page = (outside if name == "entrar" else context).new_page()
            page.goto(address)
            page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
            files.append(folder / f"{name}-{look}.png")
            page.screenshot(path=files[-1], animations="disabled", full_page=True)
            page.close()
    return files


def make_sheet(files: list[Path], browser: Browser, sheet: Path) -> None:
    """Put all pictures on one."""
    figures = "".join(
        f'<figure><figcaption>{file.stem}</figcaption><img src="{file.name}" '
        f'width="{37 if file.stem.endswith("-320") else 112}"></figure>'
        for file in sorted(files)
    )
    page_file = files[0].parent / "sheet.html"
    page_file.write_text(f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{figures}", "utf-8")
    page = browser.new_page(viewport={"width": 850, "height": 900})
    page.goto(page_file.as_uri())
    page.screenshot(path=sheet, full_page=True)


def take_best(walk: Walk, browser: Browser, folder: Path) -> None:
    """Take the pictures that README and the documentation show: a stack of calls, and four pages of a desk at work."""
    service, url = walk.service, walk.service.url
    service.store.extensions.register(service.store.staff.find_agent("atendente").id, "4033")
    context = walk.context(browser, login="atendente", **LOOKS["1280"])
    page = context.new_page()
    page.goto(f"{url}/solicitacoes")
    expect(page.locator("#connection")).to_have_text("Conectado")
    for cpf in ("11144477735", "39053344705", "52998224725"):
        service.call("novaSolicitacao", cpf=cpf, ramal="4033")
        page.mouse.move(300, 300)
        expect(page.locator(".call-lines li, .popup").first).to_be_visible()
    expect(page.locator(".call-lines li")).to_have_count(2)  # and the newest, open
    page.screenshot(path=folder / "popup.png", animations="disabled")
    page.get_by_role("button", name="Dispensar todas").click()
    with service.store._database.reading() as session:
        longest = select(RequestEvent.request_id).group_by(RequestEvent.request_id).order_by(func.count().desc())
        number = session.scalar(longest.join(Request).where(Request.situation == Situation.REOPENED).limit(1))
    for name, path in (("home", ""), ("requests", "solicitacoes"), ("request", f"solicitacoes/{number}")):
        page.goto(f"{url}/{path}")
        expect(page.locator("#connection")).to_have_text("Conectado")
        page.screenshot(path=folder / f"{name}.png", animations="disabled")
    context.close()
    context = walk.context(browser, **LOOKS["1280"])
    page = context.new_page()
    page.goto(f"{url}/painel")
    page.screenshot(path=folder / "panel.png", animations="disabled")
    context.close()


def main(folder: Path, sheet: Path) -> None:
    """Start a demonstration, take the pictures, stop it."""
    script = Path(__file__).parent / "find-chromium.sh"
    chromium = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True).stdout.split()[-1]
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("*.png"):
        former.unlink()
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        service = start_service(Path(data), is_plain=False)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        walk = prepare(service)
        take_best(walk, browser, sheet.parent / "images")
        files = take(walk, browser, folder)
        make_sheet(files, browser, sheet)
        browser.close()
        service.stop()
    print(f"{len(files)} pictures in {folder}; all of them in {sheet}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
