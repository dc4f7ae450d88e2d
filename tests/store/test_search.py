"""Searching: what is found on both databases, in which order, by which index, and what leaves it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from soap_service.model import Request, Requester, RequestEvent
from soap_service.rules.searching import is_prefix, wanted_words, words_of
from soap_service.rules.situations import Action
from soap_service.storage import full_text, search
from soap_service.store import Changes, NewRequest, Store
from soap_service.tables.search import RequesterContact, RequestWords, Unindexed
from tests.databases import is_sqlite
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

CORPUS = (
    "Impressora sem rede.\nTroca do toner não ajudou.",
    "Rede lenta no 3º andar",
    "IMPRESSÃO em branco",
    "ﬁrewall bloqueia e-mail de maria@exemplo.com.br",
    "Straße, İstanbul, Ⅳ e 10.0.0.1",
    "São João d'Água: AÇÃO/reação (2ª via)",
    "中文 システム Ελληνικά привет",
    "x1e5 0x1A 12abc 1e10 -7 +8 3.14",
    "running runs ran impressoras",
    "anticonstitucionalissimamente",
    "a b c \\ ' \" * : & | ! < > ( )",
)
TYPED = (
    *("impressora", "IMPRESS", "impressão", "rede", "toner rede", "ajudou nao", "rede lenta", "3o", "3º", "firewall"),
    *("maria@exemplo.com.br", "strasse", "istanbul", "iv", "10.0.0.1", "1e", "1e5", "x1e5", "0x1a", "12abc", "1e10"),
    *("agua", "d'agua", "acao/reacao", "2a", "中文", "中", "システム", "ελληνικα", "ΠΡΙΒΕΤ", "привет", "run", "ran"),
    *("anticonstitucion", "anticonstit", "anticonstitu", "anticonstitucionalissimamente", "anticonstitucional x"),
    *("a", "a b c", "e", "314", "3 14", "impressoras", "nada disso", "-7", "rede OR toner", "NOT rede", "rede*"),
)


def open_all(world: World, texts: tuple[str, ...] = CORPUS) -> list[int]:
    numbers = []
    for index, words in enumerate(texts):
        new = NewRequest(world.maria.id, world.service.id, words, "incidente")
        numbers.append(world.store.requests.open(new, world.ana.id, f"form:search-{index}").id)
    return numbers


def found(store: Store, typed: str) -> list[int]:
    return [request.id for request in store.search.find_requests(typed).requests]


def expected(typed: str, words: str) -> bool:
    """Tell whether words have what is typed, without a database."""
    wanted = wanted_words(typed)
    return wanted != [] and all(
        any(one == word or (is_prefix(word) and one.startswith(word)) for one in words.split()) for word in wanted
    )


def test_both_databases_find_the_same_words_and_beginnings(world: World) -> None:
    numbers = open_all(world)
    for typed in TYPED:
        those = [n for n, words in zip(numbers, CORPUS, strict=True) if expected(typed, words_of([words]))]
        assert sorted(set(found(world.store, typed)) & set(numbers)) == those, typed


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), max_size=4))
def test_whatever_is_written_is_found_by_its_own_words(world: World, texts: list[str]) -> None:
    written = "\n".join(texts)
    with world.store._database.writing() as session:
        session.get_one(Request, world.request.id).description = written
    for typed in (written, written[: len(written) // 2], written.upper()):
        is_there = world.request.id in found(world.store, typed)
        assert is_there == expected(typed, words_of([written])), typed


@pytest.mark.parametrize(
    "typed",
    ["", " ", "\0", "rede\0", '"', '""', "'", "rede'", '"rede" AND', "NEAR(rede", "rede:*", "{rede}: x", "^rede", "-",
     "rede)", "%", "_", "\\", "\ud800", "x" * 10_000, "a " * 5_000, "' OR 1=1 --", "🖨️", "words:rede", "re*de", "!rede"],
)  # fmt: skip
def test_hostile_searches_are_answered(world: World, typed: str) -> None:
    world.store.search.find_requests(typed)
    world.store.search.find_requesters(typed)
    for after in ("x", "0", "9" * 10, "5.9999", "1.0", "-1", "1.x", "٣"):
        world.store.search.find_requests("rede", after)


def test_subject_goes_before_text_and_the_newest_first(world: World) -> None:
    numbers = open_all(world, ("outra\nimpressora", "impressoras", "impressora a", "impressora b", "nada\nimpressora"))
    text_old, prefix, old, new, text_new = numbers
    assert found(world.store, "impressora") == [new, old, prefix, text_new, text_old]


def test_pages_rank_the_newest_and_follow_by_date(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in ((search, "MOST_RANKED", 8), (search, "PAGE_SIZE", 3), (full_text, "_NEWEST", 4)):
        monkeypatch.setattr(module, name, value)
    numbers = open_all(world, tuple("rede" if index % 4 == 0 else f"x\nrede {index}" for index in range(15)))
    with world.store._database.writing() as session:
        session.get_one(Request, world.request.id).description = "nada"
    shown, after, pages = [], "", []
    while not pages or after:
        page = world.store.search.find_requests("rede", after)
        open_all_later = NewRequest(world.maria.id, world.service.id, "rede", "incidente")
        world.store.requests.open(open_all_later, world.ana.id, f"form:later-{len(pages)}")
        pages.append(len(page.requests))
        shown += [request.id for request in page.requests]
        after = page.after
        assert page.count == 9
    newest = numbers[-8:]
    subjects = [number for number in numbers if (number - numbers[0]) % 4 == 0]
    ranked = sorted(newest, key=lambda number: (number not in subjects, -number))
    assert (shown, pages) == (ranked + numbers[-9::-1], [3, 3, 2, 3, 3, 1])


def test_notes_are_found_and_what_is_deleted_leaves_the_index(world: World) -> None:
    number, store = world.request.id, world.store
    store.execution.execute(number, world.ana.id, Action.NOTE, "Falei com a Zoraide.", Changes(current_task="Análise"))
    assert found(store, "zoraide rede") == [number]
    assert found(store, "analise") == []  # nobody wrote that
    with store._database.writing() as session:
        session.execute(delete(RequestEvent).where(RequestEvent.note.like("%Zoraide%")))
    assert found(store, "zoraide") == []
    with store._database.writing() as session:
        session.execute(update(Request).values(description="Outro assunto"))
    assert (found(store, "rede"), found(store, "assunto")) == ([], [number])
    with store._database.writing() as session:
        session.execute(delete(RequestEvent))
        session.execute(delete(Request))
    assert found(store, "assunto") == []
    with store._database.reading() as session:
        assert session.scalars(select(RequestWords.request_id)).all() == []
        assert session.scalars(select(Unindexed.row_id)).all() == []
        if is_sqlite(store):
            count = text("SELECT count(*) FROM fulltext_words WHERE fulltext_words MATCH 'assunto'")
            assert session.scalar(count) == 0
            session.execute(text("INSERT INTO fulltext_words (fulltext_words) VALUES ('integrity-check')"))


def test_what_an_older_node_or_a_hand_writes_is_indexed_by_the_next_search(world: World) -> None:
    row = {column.name: getattr(world.request, column.name) for column in Request.__table__.columns}
    del row["id"]
    with world.store._database.writing() as session:
        session.execute(Request.__table__.insert(), [{**row, "origin_key": None, "description": "Cabo partido"}])
        session.execute(Requester.__table__.insert(), [{"document": "2", "name": "Zé", "email": "ze@x.org"}])
    (number,) = found(world.store, "partido")
    assert number != world.request.id
    assert [one.name for one in world.store.search.find_requesters("ZE@x.org")] == ["Zé"]
    assert not world.store.indexing.index_marked()


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("111.444.777-35", ["Maria"]),
        ("maria", ["Maria"]),
        ("(62) 3945-1000", ["João"]),
        ("6239451000", ["João"]),
        ("3945-1000", ["João"]),
        ("+55 62 3945-1000", ["João"]),
        ("62 98765-4321", ["João"]),
        ("98765 4321", ["João"]),
        ("394510", ["João"]),
        ("JOAO.araujo@exemplo.com.br", ["João"]),
        ("joao.araujo@", ["João"]),
        ("2211", ["João"]),
        ("ramal 2211", ["João"]),
        ("221", []),
        ("9999-9999", []),
        ("x@y", []),
    ],
)
def test_people_are_found_by_whatever_is_known_of_them(world: World, typed: str, names: list[str]) -> None:
    phones = "(62) 3945-1000 / 62 98765-4321"
    world.store.requesters.add("52998224725", "João", "joao.araujo@exemplo.com.br", phones, "2211")
    assert [one.name for one in world.store.search.find_requesters(typed)] == names


def test_changed_contact_is_found_and_the_old_one_is_not(world: World) -> None:
    with world.store._database.writing() as session:
        session.get_one(Requester, world.maria.id).extension = "9001"
    assert [one.id for one in world.store.search.find_requesters("9001")] == [world.maria.id]
    with world.store._database.writing() as session:
        session.execute(update(Requester).values(extension="9002"))
    assert world.store.search.find_requesters("9001") == []
    assert [one.id for one in world.store.search.find_requesters("9002")] == [world.maria.id]
    with world.store._database.reading() as session:
        assert session.scalars(select(RequesterContact.entry)).all() == ["r9002"]


def test_searches_come_from_their_indexes(world: World) -> None:
    open_all(world)

    def ask(asked: World) -> None:
        asked.store.search.find_requests("rede impressora")
        asked.store.search.find_requests("rede", "1000")
        asked.store.search.find_requesters("joao.araujo@exemplo.com.br")
        asked.store.search.find_requesters("2211")

    asked = statements_of(world, ask)
    wanted = {"fulltext": 0, "requester_contact": 0}
    for (statement, _), plan in zip(asked, plans_of(world.store, asked), strict=True):
        told = f"{statement}\n" + "\n".join(plan)
        if "MATERIALIZED" in statement:
            assert any("Bitmap Index Scan on fulltext_words" in step for step in plan), told
        assert not any("Seq Scan" in step for step in plan), told
        if "MATCH" in statement:
            assert any("VIRTUAL TABLE INDEX" in step for step in plan), told
            assert not any("TEMP B-TREE" in step for step in plan), told
        for name in wanted:
            wanted[name] += name in statement
    assert all(wanted.values())
