"""Every page there is, at one address each: what the walks of the browser tests and the screenshots go through."""

from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import PASSWORD, Service, element

LANGUAGES = ("pt-BR", "en", "es")
#: Each rule of the URL map with an address of it; `{token}` is a call's. Addresses of files are no pages.
PAGES = {
    "/": "/",
    "/entrar": "/entrar",
    "/ramal": "/ramal",
    "/chamadas": "/chamadas",
    "/chamadas/<token:token>": "/chamadas/{token}",
    "/chamadas/<token:token>/janela": "/chamadas/{unknown}/janela",
    "/painel": "/painel",
    "/preferencias": "/preferencias",
    "/solicitacoes/nova": "/solicitacoes/nova",
    "/solicitacoes/<number:number>": "/solicitacoes/955",
    "/solicitacoes/<number:number>/executar": "/solicitacoes/955/executar",
}
#: Pages that are no rule of their own.
FURTHER = {"404": "/nada", "nova de uma ligação": "/solicitacoes/nova?chamada={unknown}"}
FILES = {"/static/<name>"}


@dataclass
class Walk:
    """The pages of a service with something to show on each, and browsers that walk them as an administrator."""

    service: Service
    tokens: dict[str, str]

    def addresses(self) -> dict[str, str]:
        """Return the address of each page, by its rule."""
        return {name: self.service.url + path.format(**self.tokens) for name, path in {**PAGES, **FURTHER}.items()}

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
    admin = service.store.find_agent("admin")
    service.store.register_extension(admin.id, "4067")
    known = service.call("visualizarSolicitacao", id=955, cpf="12312312312", ramal="4067")
    unknown = service.call("novaSolicitacao", cpf="99988877766", ramal="4067")
    tokens = {
        name: element(answer, "url").rpartition("/")[2] for name, answer in (("token", known), ("unknown", unknown))
    }
    for token in tokens.values():
        service.store.mark_seen(token)  # no popup upon the page that is looked at
    return Walk(service, tokens)


def widest(page: Page) -> int:
    """Return how wide the page's content is, in pixels."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
