"""Pictures of every page at 1280 and 320 pixels and in the dark, and all on one sheet: `make screenshots`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.pages import Walk, prepare
from tests.chromium import FLAGS
from tests.conftest import start_service

LOOKS = {
    "1280": {"viewport": {"width": 1280, "height": 800}},
    "320": {"viewport": {"width": 320, "height": 640}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
_STYLE = "body{font:14px sans-serif;margin:12px;background:#888;columns:5}figure{margin:0 0 12px;break-inside:avoid}"


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
        f'width="{64 if file.stem.endswith("-320") else 196}"></figure>'
        for file in sorted(files)
    )
    page_file = files[0].parent / "sheet.html"
    page_file.write_text(f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{figures}", "utf-8")
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(page_file.as_uri())
    page.screenshot(path=sheet, full_page=True)


def main(folder: Path, sheet: Path) -> None:
    """Start a demonstration, take the pictures, stop it."""
    script = Path(__file__).parent / "find-chromium.sh"
    chromium = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True).stdout.split()[-1]
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("*.png"):
        former.unlink()
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        service = start_service(Path(data))
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        files = take(prepare(service), browser, folder)
        make_sheet(files, browser, sheet)
        browser.close()
        service.stop()
    print(f"{len(files)} pictures in {folder}; all of them in {sheet}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
