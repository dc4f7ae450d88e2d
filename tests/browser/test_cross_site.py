"""A page of another site, opened in an agent's browser, cannot announce a call."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from soap_service.rules.credentials import make_secret
from tests.browser.conftest import Desk, register_extension
from tests.soap.corpus.forms import DOCUMENT, QUESTION, call, envelope
from tests.soap.test_http_headers import XML, basic, is_answered
from tests.soap.wire import exchange, post
from tests.waiting import wait_until

_POST = """([address, body]) => fetch(address, {method: "POST", mode: "no-cors", body: new Blob([body])})"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@contextmanager
def page_of_another_site() -> Iterator[str]:
    """Serve an empty page at another host's name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_site_announces_nothing(desk: Desk) -> None:
    service = desk.service
    agent = desk.page("atendente")
    register_extension(agent, "4067")
    message = envelope(call(f"<cpf>{DOCUMENT}</cpf><ramal>4067</ramal>", "novaSolicitacao"))
    strange = agent.context.new_page()
    with page_of_another_site() as site:
        strange.goto(site)
        with strange.expect_response(service.endpoint) as answered:
            strange.evaluate(_POST, [service.endpoint, message])
    assert answered.value.status == 403
    wait_until(lambda: any(one.reason == "PAGINA_DE_OUTRO_SITE" for one in service.store.diagnosis.list_refusals()), 15)
    assert not service.store.calls.list_waiting("4067")
    secret = make_secret()
    service.store.integrations.add("cti", secret.salt, secret.digest, "", "", "pt_BR", "test")
    origin = "Origin: https://evil.example"
    ask = post(QUESTION.encode(), XML, origin, basic("cti", secret.text))
    wait_until(lambda: is_answered(exchange(service, ask)), 5)
