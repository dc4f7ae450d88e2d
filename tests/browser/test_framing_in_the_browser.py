"""The screens in a frame of a CTI desktop, over https in a real browser that keeps no cookies of third parties."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import FLAGS, find_chromium
from tests.conftest import PASSWORD, Service, free_port, start_service
from tests.reverse_proxies import make_certificate

NO_THIRD_PARTIES = "--test-third-party-cookie-phaseout"


class Desktop(ThreadingHTTPServer):
    """The page of a CTI desktop, of another site, which shows the screens in a frame."""

    def __init__(self, context: ssl.SSLContext, frame: str) -> None:
        super().__init__(("127.0.0.1", 0), _DesktopPage)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.page = f'<!doctype html><title>CTI</title><iframe src="{frame}" width="1200" height="700"></iframe>'
        self.url = f"https://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _DesktopPage(BaseHTTPRequestHandler):
    server: Desktop

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_: object) -> None:
        pass


def take_tls_off(context: ssl.SSLContext, port: int, target: int) -> socket.socket:
    """Listen for https at a port and pass it on in the clear to another; return what listens."""
    listener = socket.create_server(("127.0.0.1", port))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                sink.sendall(data)

    def connect(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            wrapped = context.wrap_socket(client, server_side=True)
            there = socket.create_connection(("127.0.0.1", target))
            threading.Thread(target=pump, args=(wrapped, there), daemon=True).start()
            pump(there, wrapped)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=connect, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


@pytest.fixture
def strict_browser(browser: Browser) -> Iterator[Browser]:
    flags = [*FLAGS, NO_THIRD_PARTIES]
    strict = browser.browser_type.launch(executable_path=find_chromium(), args=flags)
    yield strict
    strict.close()


@pytest.fixture
def desktops(tmp_path: Path) -> Iterator[tuple[Service, Desktop, Desktop]]:
    """The service, a desktop that may show it and one that may not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(make_certificate(tmp_path))
    port = free_port()
    front = f"https://localhost:{port}"
    allowed, other = (Desktop(context, f"{front}/entrar") for _ in range(2))
    settings = {"SOAP_SERVICE_PUBLIC_URL": front, "SOAP_SERVICE_FRAME_ANCESTORS": allowed.url}
    service = start_service(tmp_path, **settings)
    listener = take_tls_off(context, port, int(service.url.rpartition(":")[2]))
    yield service, allowed, other
    listener.close()
    for desktop in (allowed, other):
        desktop.shutdown()
        desktop.server_close()
    service.stop()
    assert "Traceback" not in service.log, service.log


def test_agents_work_in_the_frame_of_their_desktop(
    strict_browser: Browser, desktops: tuple[Service, Desktop, Desktop]
) -> None:
    service, allowed, other = desktops
    context = strict_browser.new_context(locale="pt-BR", ignore_https_errors=True)
    page = opened(context.new_page(), allowed.url)
    frame = page.frame_locator("iframe")
    frame.get_by_label("Usuário").fill("atendente")
    frame.get_by_label("Senha").fill(PASSWORD)
    frame.get_by_role("button", name="Entrar", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Olá")
    frame.get_by_role("navigation").get_by_role("link", name="Atendimento").click()
    dialog = frame.get_by_role("dialog", name="Ramal")
    dialog.get_by_role("textbox").fill("4067")
    dialog.get_by_role("button", name="Gravar").click()
    expect(frame.get_by_text("Ramal gravado com sucesso!")).to_be_visible()
    expect(frame.locator("#connection")).to_have_text("Conectado")
    service.call("novaSolicitacao", cpf="99988877766", ramal="4067")
    expect(frame.locator("#calls-panel")).to_be_visible()
    alone = opened(context.new_page(), f"{page.frames[1].url.rpartition('/')[0]}/")
    expect(alone.get_by_role("heading", level=1)).to_contain_text("Entrar")  # the cookie is the desktop's frame's
    assert is_shown(page) and not is_shown(opened(context.new_page(), other.url))


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    return page


def is_shown(page: Page) -> bool:
    """Tell whether the frame holds a page of the service."""
    return page.frames[1].url.startswith("https://localhost:")
