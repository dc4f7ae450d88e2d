"""A provider of single sign-on that says nothing holds up nobody who does not ask it."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.conftest import start_service


def test_pages_and_calls_go_on_while_a_provider_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        service = start_service(tmp_path, SOAP_SERVICE_OIDC_ISSUER=issuer, SOAP_SERVICE_OIDC_CLIENT_ID="desk")

        def ask(_: int) -> tuple[int, float]:
            begun = time.monotonic()
            status = httpx.get(f"{service.url}/entrar/provedor", timeout=30).status_code
            return status, time.monotonic() - begun

        service.client.get(f"{service.url}/entrar")
        with ThreadPoolExecutor(20) as threads:
            asked = [threads.submit(ask, number) for number in range(20)]
            time.sleep(0.5)
            slowest = 0.0
            for _ in range(10):
                begun = time.monotonic()
                assert service.client.get(f"{service.url}/entrar").status_code == 200
                assert "?955" in service.call("obterQtdeSolicitacoes", cpf="12312312312")
                slowest = max(slowest, time.monotonic() - begun)
            assert not any(one.done() for one in asked)
            answers = [one.result() for one in asked]
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 9
        assert slowest < 2
        service.stop()
    assert "single sign-on is away" in service.log and "Traceback" not in service.log
