"""Rows that somebody wrote by hand: they are logged and passed over, and stop no call, no stream and no start."""

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from soap_service.errors import IntegrationOff, Unauthorized
from soap_service.rules.credentials import make_secret
from soap_service.soap.admission import Admission
from soap_service.store import KnownIntegration, Store
from tests.conftest import start_service
from tests.databases import is_sqlite
from tests.event_streams import announce, listening, log_in
from tests.postgres import execute
from tests.waiting import wait_until

ADDRESSES = ("addresses = 'nonsense'", "addresses = '10.0.0.1/8'", "addresses = '127.0.0.1 nonsense'")
#: What only a database without types lets in.
ONLY_SQLITE = (
    "secret_hash = 'text', secret_salt = 'text'",
    "addresses = x'00'",
    "created_at = 'yesterday'",
    "created_at = 20261123",
)


def by_hand(store: Store, statement: str) -> None:
    if not is_sqlite(store):
        execute(store._database.url.render_as_string(hide_password=False), statement)
        return
    with closing(sqlite3.connect(str(store._database.url.database), isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute(statement)


def open_admission(store: Store) -> Admission:
    admission = Admission(store, 100, 100)
    admission.refresh()
    return admission


@pytest.mark.parametrize("damage", [*ADDRESSES, *ONLY_SQLITE])
def test_a_damaged_platform_is_not_let_in_and_keeps_no_other_out(
    store: Store, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    if damage in ONLY_SQLITE and not is_sqlite(store):
        pytest.skip("PostgreSQL does not take it")
    secret = make_secret()
    store.integrations.add("aaa", None, None, "127.0.0.1/32")
    store.integrations.add("bbb", None, None, "127.0.0.1/32")
    store.integrations.add("pbx", secret.salt, secret.digest)
    store.parameters.change(281, "S", "test")
    by_hand(store, f"UPDATE integration SET {damage} WHERE name = 'aaa'")
    admission = open_admission(store)
    basic = b"Basic " + base64.b64encode(f"pbx:{secret.text}".encode())
    assert admission.identify(basic, "127.0.0.1").name == "pbx"
    assert admission.identify(b"", "127.0.0.1").name == "bbb"
    with pytest.raises(Unauthorized):
        admission.identify(b"Basic " + base64.b64encode(b"aaa:x"), "127.0.0.1")
    assert "integration" in caplog.text
    said = len(caplog.records)
    by_hand(store, "UPDATE integration SET addresses = '127.0.0.1', operations = '' WHERE name = 'aaa'")
    by_hand(store, "UPDATE integration SET secret_hash = NULL, secret_salt = NULL, created_at = '2026-11-23 00:00:00'")
    admission.refresh()
    assert admission.identify(b"", "127.0.0.1").name == "aaa"
    assert len(caplog.records) == said


@pytest.mark.parametrize("value", ["", "x", "sim", "s"])
def test_a_281_that_is_no_s_is_off(store: Store, value: str) -> None:
    integration = KnownIntegration.of(store.integrations.add("aaa", None, None, "127.0.0.1/32"))
    store.parameters.change(281, "S", "test")
    open_admission(store).check_operation(integration, "novaSolicitacao")
    by_hand(store, f"UPDATE parameter SET value = '{value}' WHERE id = 281")
    with pytest.raises(IntegrationOff):
        open_admission(store).check_operation(integration, "novaSolicitacao")


_CALL = """
INSERT INTO call (token, integration_id, operation, document, extension, notice, created_at)
VALUES ('{0}', 1, 'novaSolicitacao', '1', '4067', 'ENTREGUE', {1})
"""


def test_a_call_that_cannot_be_read_stops_no_stream_and_no_start(tmp_path: Path) -> None:
    service = start_service(tmp_path)
    cookie = log_in(service, "atendente", "4067")
    with listening(service, cookie) as listener:
        for number, instant in enumerate(("'yesterday'", "20261123", "x'00ff'", "'9999-99-99 00:00:00.000000'")):
            by_hand(service.store, _CALL.format(number, instant))
        # An owner who does not exist, and a number that no extension can have.
        by_hand(service.store, "INSERT INTO extension (number, agent_id, changed_at) VALUES ('x y z', 999, '2999')")
        tokens = [announce(service), announce(service, cpf="52998224725")]
        wait_until(lambda: listener.tokens == tokens)
    with listening(service, cookie) as again:  # with the damaged ones among those that wait
        wait_until(lambda: again.tokens == tokens)
    assert service.stop() == 0
    restarted = start_service(tmp_path, port=int(service.url.rpartition(":")[2]))
    with listening(restarted, cookie) as after:
        tokens.append(announce(restarted, cpf="12345678909"))
        wait_until(lambda: after.tokens == tokens)
    assert restarted.stop() == 0
    assert "Traceback" not in restarted.log
