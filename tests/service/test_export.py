"""The export over HTTP: in parts, however long the list is."""

import httpx

from tests.conftest import Service
from tests.service.test_stream import log_in


def test_a_file_of_many_pages_arrives_whole_and_in_parts(service: Service) -> None:
    cookie = log_in(service, "admin", "4068")
    with (
        httpx.Client(base_url=service.url, cookies={service.session_cookie: cookie}, verify=service.verify) as client,
        client.stream("GET", "/solicitacoes.csv?situacao=todas&ordem=numero") as answer,
    ):
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers
        text = answer.read().decode("utf-8-sig")
    numbers = [line.partition(";")[0] for line in text.splitlines()[1:]]
    assert {"955", "34534", "34539"} <= set(numbers)
    assert len(numbers) == len(set(numbers))
