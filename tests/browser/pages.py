"""Every page there is, at one address each: what the walks of the browser tests and the screenshots go through."""

import re
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from soap_service.screens.routes import ADDRESSES
from tests.conftest import PASSWORD, Service, element

LANGUAGES = ("pt-BR", "en", "es")
#: What stands for the places of a rule, by the rule's beginning; the first that fits counts. A new kind of place
#: needs a line here: no page can be forgotten.
PLACES = (
    ("/chamadas/<token:token>/janela", {"<token:token>": "{unknown}"}),
    ("/chamadas/", {"<token:token>": "{known}"}),
    ("/solicitacoes/", {"<number:number>": "955"}),
    ("/administracao/", {"<number:number>": "1"}),
    ("/pessoas/", {"<number:number>": "1"}),
)
#: Addresses worth a look that are no rule of their own.
FURTHER = {"pagina-que-nao-existe": "/nada", "nova-de-uma-ligacao": "/solicitacoes/nova?chamada={unknown}"}
#: Files, fragments and answers for programs.
NO_PAGES = ("/sessao", "/solicitacoes.csv", "/static/<path:path>", "/chamadas/<token:token>/janela")
#: Pages on the way in and out, which a log-in has passed: walks of their own look at them.
NO_PAGES += ("/entrar/codigo", "/entrar/provedor", "/entrar/provedor/volta", "/entrar/provedor/saida")


def list_addresses() -> dict[str, str]:
    """Return an address of every page, by a name for files; raises AssertionError for a place nobody fills."""
    found = dict(FURTHER)
    for rule in (rule.rule for rule in ADDRESSES.iter_rules() if "GET" in (rule.methods or ())):
        if rule in NO_PAGES:
            continue
        address = rule
        for place, value in next((places for begin, places in PLACES if rule.startswith(begin)), {}).items():
            address = address.replace(place, value)
        assert "<" not in address, f"{rule}: say in PLACES what stands for its places"
        found[re.sub(r"\W+", "-", re.sub(r"<\w+:\w+>", "uma", rule)).strip("-") or "inicio"] = address
    return found


@dataclass
class Walk:
    """The pages of a service with something to show on each, and browsers that walk them as an administrator."""

    service: Service
    tokens: dict[str, str]

    def addresses(self) -> dict[str, str]:
        """Return the whole address of each page, by its name."""
        return {name: self.service.url + path.format(**self.tokens) for name, path in list_addresses().items()}

    def context(
        self, browser: Browser, language: str = "pt-BR", login: str = "admin", **options: object
    ) -> BrowserContext:
        """Return a browser that reads a language, logged in."""
        context: BrowserContext = browser.new_context(locale=language, **options)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{self.service.url}/entrar")
        page.locator("#usuario").fill(login)
        page.locator("#senha").fill(PASSWORD)
        page.locator("button.primary").click()
        page.wait_for_url(f"{self.service.url}/")
        page.close()
        return context


def prepare(service: Service) -> Walk:
    """Give a demonstration an extension with calls of each kind, and return the walk through it."""
    admin = service.store.staff.find_agent("admin")
    service.store.extensions.register(admin.id, "4067")
    known = service.call("visualizarSolicitacao", id=955, cpf="12312312312", ramal="4067")
    unknown = service.call("novaSolicitacao", cpf="99988877766", ramal="4067")
    tokens = {
        name: element(answer, "url").rpartition("/")[2] for name, answer in (("known", known), ("unknown", unknown))
    }
    for token in tokens.values():
        service.store.calls.mark_seen(token)  # no popup upon the page that is looked at
    return Walk(service, tokens)


def widest(page: Page) -> int:
    """Return how wide the page's content is, in pixels."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
