"""How a page looks: what axe-core finds on it, and whether it fits its window, in the light and in the dark."""

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import picture
from tests.browser.pages import widest


def findings(page: Page, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds on a page, by all rules or some, unless it is minor, with the elements concerned."""
    off = {rule: {"enabled": False} for rule in without}
    options: dict[str, object] = {"resultTypes": ["violations"], "rules": off}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] != "minor" for node in one["nodes"]]


def check_looks(page: Page, name: str) -> None:
    """Look at a page, narrow and wide, in the light and in the dark: axe finds nothing, and it fits its window."""
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 720})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            picture(page, f"{name}-{width}-{scheme}")
            assert findings(page) == []
        assert widest(page) <= width
