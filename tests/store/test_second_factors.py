"""Second factors in the database: encrypted, used once, told from others', and what becomes of them without the key."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from soap_service.errors import AlreadyExists, LoginRefused, NotFound, SecretKeyMissing
from soap_service.model import RecoveryCode, SecondFactor
from soap_service.rules.auditing import AuditKind
from soap_service.rules.credentials import login_digest
from soap_service.rules.totp import RECOVERY_CODES, code_at, step_at
from soap_service.storage.secret_key import SecretKey
from soap_service.store import AuditFilter, Store
from tests.store.conftest import Clock, World
from tests.waiting import wait_until


def code(store: Store, key: bytes, steps: int = 0) -> str:
    return code_at(key, step_at(store.now().timestamp()) + steps)


def set_up(store: Store, agent_id: int) -> tuple[bytes, list[str]]:
    key = store.second_factors.begin(agent_id)
    return key, store.second_factors.confirm(agent_id, code(store, key), b"")


def is_accepted(store: Store, agent_id: int, text: str) -> bool:
    try:
        store.second_factors.accept(agent_id, text)
    except LoginRefused:
        return False
    return True


def test_a_key_counts_once_a_code_of_it_came(world: World, clock: Clock) -> None:
    factors, ana = world.store.second_factors, world.ana.id
    key = factors.begin(ana)
    assert not is_accepted(world.store, ana, code(world.store, key))
    with pytest.raises(LoginRefused):
        factors.confirm(ana, code(world.store, key, 5), b"")
    assert world.store.staff.find_agent("ana").second_factor_at is None
    assert len(factors.confirm(ana, code(world.store, key), b"")) == RECOVERY_CODES
    assert world.store.staff.find_agent("ana").second_factor_at == world.store.now()
    with pytest.raises(AlreadyExists):
        factors.begin(ana)
    with pytest.raises(NotFound):
        factors.begun_key(ana)


def test_of_keys_that_are_begun_at_once_one_stays(world: World, clock: Clock) -> None:
    with ThreadPoolExecutor(6) as threads:
        keys = list(threads.map(world.store.second_factors.begin, [world.ana.id] * 6))
    assert world.store.second_factors.begun_key(world.ana.id) in keys


def test_a_key_that_was_shown_long_ago_is_not_confirmed(world: World, clock: Clock) -> None:
    first = world.store.second_factors.begin(world.ana.id)
    second = world.store.second_factors.begin(world.ana.id)
    assert first != second
    with pytest.raises(LoginRefused):
        world.store.second_factors.confirm(world.ana.id, code(world.store, first), b"")
    clock(15 * 60)
    with pytest.raises(NotFound):
        world.store.second_factors.confirm(world.ana.id, code(world.store, second), b"")


def test_no_code_is_good_twice_nor_one_before_it(world: World, clock: Clock) -> None:
    key, _ = set_up(world.store, world.ana.id)
    used = code(world.store, key)
    assert not is_accepted(world.store, world.ana.id, used)  # it confirmed the key
    assert is_accepted(world.store, world.ana.id, code(world.store, key, 1))
    assert not is_accepted(world.store, world.ana.id, used)
    assert not is_accepted(world.store, world.ana.id, code(world.store, key, 1))
    clock(60)
    assert not is_accepted(world.store, world.ana.id, code(world.store, key, -1))
    assert is_accepted(world.store, world.ana.id, code(world.store, key))
    clock(90)
    assert not is_accepted(world.store, world.ana.id, code(world.store, key, 2))
    assert is_accepted(world.store, world.ana.id, code(world.store, key, -1))


def test_of_many_who_bring_one_code_at_once_one_is_let_in(world: World, clock: Clock) -> None:
    key, codes = set_up(world.store, world.ana.id)
    for text in (code(world.store, key, 1), codes[0]):
        with ThreadPoolExecutor(6) as threads:
            took = [threads.submit(is_accepted, world.store, world.ana.id, text) for _ in range(6)]
        assert sum(one.result() for one in took) == 1


def test_a_recovery_code_is_good_once_and_for_its_agent_alone(world: World) -> None:
    _, codes = set_up(world.store, world.ana.id)
    set_up(world.store, world.bia.id)
    assert not is_accepted(world.store, world.bia.id, codes[0])
    assert is_accepted(world.store, world.ana.id, codes[0].upper().replace("-", ""))
    assert not is_accepted(world.store, world.ana.id, codes[0])
    assert world.store.second_factors.codes_left(world.ana.id) == RECOVERY_CODES - 1
    renewed = world.store.second_factors.renew_codes(world.ana.id)
    assert not is_accepted(world.store, world.ana.id, codes[1])
    assert is_accepted(world.store, world.ana.id, renewed[1])
    kinds = [row.kind for row in world.store.audit.list_page(AuditFilter(record=str(world.ana.id)))]
    assert kinds.count(AuditKind.RECOVERY_CODE_USED) == 2
    assert kinds.count(AuditKind.RECOVERY_CODES_MADE) == kinds.count(AuditKind.SECOND_FACTOR_SET_UP) == 1


def test_without_a_second_factor_nothing_is_accepted(world: World) -> None:
    with pytest.raises(NotFound):
        world.store.second_factors.renew_codes(world.ana.id)
    for text in ("123456", "", "abcdef-abcdef-abcdef-abcdef"):
        assert not is_accepted(world.store, world.ana.id, text)


def test_removing_leaves_nothing_and_ends_the_log_ins(world: World) -> None:
    store, ana = world.store, world.ana.id
    _, codes = set_up(store, ana)
    store.second_factors.begin(world.bia.id)
    cookies = [store.logins.open(ana, timedelta(hours=1)) for _ in range(2)]
    waiting = store.logins.await_code(ana, is_kept=False)
    store.second_factors.remove(ana, store.logins.find(cookies[0]).id_hash, must_set_up=True)
    assert store.logins.find(cookies[0]).must_set_up_factor
    with pytest.raises(NotFound):
        store.logins.find_subscriber(cookies[0])
    for find, cookie in ((store.logins.find, cookies[1]), (store.logins.find_awaiting, waiting)):
        with pytest.raises(NotFound):
            find(cookie)
    assert not is_accepted(store, ana, codes[0])
    with store._database.reading() as session:
        assert session.scalars(select(SecondFactor.agent_id)).all() == [world.bia.id]
        assert session.scalars(select(RecoveryCode)).all() == []
    store.second_factors.remove(ana)
    kinds = [row.kind for row in store.audit.list_page(AuditFilter(record=str(ana)))]
    assert kinds.count(AuditKind.SECOND_FACTOR_REMOVED) == 1


def test_who_waits_for_a_code_waits_ten_minutes_at_most(world: World, clock: Clock) -> None:
    cookie = world.store.logins.await_code(world.ana.id, is_kept=True)
    assert world.store.logins.find_awaiting(cookie).is_kept
    clock(601)
    with pytest.raises(NotFound):
        world.store.logins.find_awaiting(cookie)


_CHANGES = {
    "disabled": lambda w: w.store.staff.disable_agent("ana"),
    "password by another": lambda w: w.store.staff.set_password("ana", "other hash"),
    "own password": lambda w: w.store.staff.choose_password(w.ana.id, "other hash", b""),
    "second factor": lambda w: set_up(w.store, w.ana.id),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_log_in_that_was_on_its_way_ends_with_a_change(world: World, change: Callable[[World], object]) -> None:
    logins, ana = world.store.logins, world.store.staff.find_agent("ana")
    change(world)
    with pytest.raises(LoginRefused):
        logins.open(ana.id, timedelta(hours=1), proved=ana)
    with pytest.raises(LoginRefused):
        logins.await_code(ana.id, is_kept=False, proved=ana)
    if change is _CHANGES["disabled"]:
        with pytest.raises(LoginRefused):
            logins.open(ana.id, timedelta(hours=1), by_provider=True, proved=ana)
    else:
        now = world.store.staff.find_agent("ana")
        assert logins.find(logins.open(ana.id, timedelta(hours=1), proved=now)).agent_id == ana.id


def test_nobody_is_in_again_who_logs_in_while_the_password_changes(world: World) -> None:
    logins, staff = world.store.logins, world.store.staff
    is_over = threading.Event()
    cookies: list[str] = []

    def go_on() -> None:
        while not is_over.is_set():
            ana = staff.find_agent("ana")
            if ana.password_hash == "known":
                with suppress(LoginRefused):
                    cookies.append(logins.open(ana.id, timedelta(hours=1), proved=ana))

    with ThreadPoolExecutor(4) as threads:
        for number in range(5):
            staff.set_password("ana", "known")
            is_over.clear()
            cookies.clear()
            attackers = [threads.submit(go_on) for _ in range(4)]
            try:
                wait_until(lambda: cookies)
                staff.set_password("ana", f"other {number}")
                time.sleep(0.05)
            finally:
                is_over.set()
            for attacker in attackers:
                attacker.result()
            assert logins.list_of(world.ana.id) == []


@pytest.mark.parametrize("what", ["own password", "second factor", "its end"])
def test_nothing_is_changed_within_a_log_in_that_has_ended(world: World, what: str) -> None:
    store, ana = world.store, world.ana.id
    cookie = store.logins.open(ana, timedelta(hours=1))
    digest = login_digest(cookie)
    key, _ = set_up(store, ana) if what == "its end" else (store.second_factors.begin(ana), [])
    store.staff.set_password("ana", "other hash")
    with pytest.raises(NotFound):
        if what == "own password":
            store.staff.choose_password(ana, "of another", digest)
        elif what == "second factor":
            store.second_factors.confirm(ana, code(store, key), digest)
        else:
            store.second_factors.remove(ana, digest)
    agent = store.staff.find_agent("ana")
    assert agent.password_hash == "other hash"
    assert (agent.second_factor_at is None) == (what != "its end")


@pytest.mark.parametrize("how", ["disabled", "password by another", "own password"])
def test_who_waits_for_a_code_waits_in_vain_after_a_change(world: World, how: str) -> None:
    cookie = world.store.logins.await_code(world.ana.id, is_kept=False)
    if how == "disabled":
        world.store.staff.disable_agent("ana")
    elif how == "own password":
        world.store.staff.choose_password(world.ana.id, "other hash", b"")
    else:
        world.store.staff.set_password("ana", "other hash")
    with pytest.raises(NotFound):
        world.store.logins.find_awaiting(cookie)


def test_keys_are_encrypted_and_each_is_its_agents(world: World, clock: Clock) -> None:
    store = world.store
    key, codes = set_up(store, world.ana.id)
    set_up(store, world.bia.id)
    file = store.second_factors.secret_key.file
    assert file is not None and file.stat().st_mode & 0o777 == 0o600
    with store._database.reading() as session:
        rows = {row.agent_id: row for row in session.scalars(select(SecondFactor))}
        hashes = session.scalars(select(RecoveryCode.code_hash)).all()
    assert key not in rows[world.ana.id].sealed_key
    assert all(codes[0].encode() not in digest for digest in hashes)
    with store._database.writing() as session:  # whoever writes the database gives Bia Ana's authenticator
        stolen = update(SecondFactor).where(SecondFactor.agent_id == world.bia.id)
        session.execute(stolen.values(sealed_key=rows[world.ana.id].sealed_key))
    with pytest.raises(SecretKeyMissing):
        store.second_factors.accept(world.bia.id, code(store, key, 1))


def test_without_its_key_a_database_lets_recovery_codes_in_alone(world: World, tmp_path: Path, clock: Clock) -> None:
    store = world.store
    key, codes = set_up(store, world.ana.id)
    file = store.second_factors.secret_key.file
    assert file is not None
    assert store.second_factors.list_unreadable() == []
    kept = file.rename(tmp_path / "kept")
    assert [agent.login for agent in store.second_factors.list_unreadable()] == ["ana"]
    with pytest.raises(SecretKeyMissing):
        store.second_factors.accept(world.ana.id, code(store, key, 1))
    with pytest.raises(SecretKeyMissing):  # another key would hide that this one is lost
        store.second_factors.begin(world.bia.id)
    assert not file.exists()
    SecretKey(file).make()
    with pytest.raises(SecretKeyMissing):
        store.second_factors.begin(world.bia.id)
    assert is_accepted(store, world.ana.id, codes[0])
    kept.replace(file)
    assert is_accepted(store, world.ana.id, code(store, key, 1))
    file.unlink()
    store.second_factors.remove(world.ana.id)
    set_up(store, world.bia.id)
    assert store.second_factors.list_unreadable() == []


def test_a_key_is_made_once_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: SecretKey(file).make(), range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    sealed = SecretKey(file).seal(b"secret", "this")[1]
    assert SecretKey(file).unseal(sealed, "this") == b"secret"
    with pytest.raises(SecretKeyMissing):
        SecretKey(file).unseal(sealed, "that")
    for text in (b"", b"no base64 \xff", b"c2hvcnQ="):
        file.write_bytes(text)
        assert SecretKey(file).id() == ""
        with pytest.raises(SecretKeyMissing):
            SecretKey(file).unseal(sealed, "this")
    for nowhere in (None, tmp_path / "no folder" / "key"):
        with pytest.raises(SecretKeyMissing):
            SecretKey(nowhere).make()
