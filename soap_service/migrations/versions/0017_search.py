"""Search: the folded words of each request, contacts of requesters, full-text indexes, marks of what is not indexed.

The folding is that of `rules.searching` when this was written; what is there already is filled in.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_ROWS_AT_ONCE = 5000
_WORDS = re.compile(r"[^\W_]+")
_SEVERAL = re.compile(r"[/;,]|\be\b|\bou\b")
_LONGEST_WORDS = 200_000
_NOT_WRITTEN = "('mudança de tarefa', 'encaminhamento', 'responsável', 'reclassificação')"
_IS_NOTE = "{row}.note <> '' AND {row}.action NOT IN " + _NOT_WRITTEN
_HAS_CONTACT = "NEW.email <> '' OR NEW.phone <> '' OR NEW.extension <> ''"
_MARK = "INSERT INTO unindexed (kind, row_id) VALUES ('{kind}', {row}) ON CONFLICT DO NOTHING;"
_UNMARK = "DELETE FROM unindexed WHERE kind = '{kind}' AND row_id = OLD.id;"
_TRIGGERS = (
    ("unindexed_request_added", "INSERT ON request", "", _MARK.format(kind="request", row="NEW.id")),
    (
        "unindexed_request_changed",
        "UPDATE OF description ON request",
        "OLD.description <> NEW.description",
        _MARK.format(kind="request", row="NEW.id"),
    ),
    ("unindexed_request_deleted", "DELETE ON request", "", _UNMARK.format(kind="request")),
    (
        "unindexed_note_added",
        "INSERT ON request_event",
        _IS_NOTE.format(row="NEW"),
        _MARK.format(kind="request", row="NEW.request_id"),
    ),
    (
        "unindexed_note_changed",
        "UPDATE OF note ON request_event",
        "OLD.note <> NEW.note",
        _MARK.format(kind="request", row="NEW.request_id"),
    ),
    (
        "unindexed_note_deleted",
        "DELETE ON request_event",
        _IS_NOTE.format(row="OLD"),
        _MARK.format(kind="request", row="OLD.request_id"),
    ),
    ("unindexed_requester_added", "INSERT ON requester", _HAS_CONTACT, _MARK.format(kind="requester", row="NEW.id")),
    (
        "unindexed_requester_changed",
        "UPDATE OF email, phone, extension ON requester",
        "",
        _MARK.format(kind="requester", row="NEW.id"),
    ),
    ("unindexed_requester_deleted", "DELETE ON requester", "", _UNMARK.format(kind="requester")),
)


def upgrade() -> None:
    words = op.create_table(
        "request_words",
        sa.Column("request_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_request_words_request_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("request_id", name="pk_request_words"),
    )
    entry = sa.String(length=110).with_variant(sa.String(length=110, collation="C"), "postgresql")
    contact = op.create_table(
        "requester_contact",
        sa.Column("entry", entry, nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["requester.id"], name="fk_requester_contact_requester_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry", "requester_id", name="pk_requester_contact"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unindexed",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("row_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "row_id", name="pk_unindexed"),
    )
    _fill(op.get_bind(), words, contact)
    op.create_index("ix_requester_contact_requester_id", "requester_contact", ["requester_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _index_sqlite()
    else:
        _index_postgresql()
    for name, moment, condition, work in _TRIGGERS:
        _trigger(name, moment, condition, work)


def _fill(connection: sa.Connection, words: sa.Table, contact: sa.Table) -> None:
    for found in _pages(connection, "SELECT id, description FROM request"):
        texts = {row.id: [row.description or ""] for row in found}
        note = "SELECT request_id, note FROM request_event WHERE request_id BETWEEN :first AND :last AND "
        query = sa.text(note + _IS_NOTE.format(row="request_event"))
        for row in connection.execute(query, {"first": found[0].id, "last": found[-1].id}):
            if row.request_id in texts:
                texts[row.request_id].append(row.note)
        rows = [
            {"request_id": number, "subject": _subject_of(some[0]), "words": _words_of(some)}
            for number, some in texts.items()
        ]
        connection.execute(sa.insert(words), rows)
    for found in _pages(connection, "SELECT id, email, phone, extension FROM requester"):
        rows = [
            {"entry": entry, "requester_id": row.id}
            for row in found
            for entry in _contacts_of(row.email or "", row.phone or "", row.extension or "")
        ]
        if rows:
            connection.execute(sa.insert(contact), rows)


def _pages(connection: sa.Connection, query: str) -> Iterable[Sequence[sa.Row[Any]]]:
    last = 0
    page = sa.text(f"{query} WHERE id > :last ORDER BY id LIMIT :most")
    while found := connection.execute(page, {"last": last, "most": _ROWS_AT_ONCE}).all():
        yield found
        last = found[-1].id


def _index_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE fulltext_words USING fts5(words, content='request_words', content_rowid='request_id', "
        "tokenize='ascii', detail=none, columnsize=0, prefix='3 4 5 6 7 8 9 10 11 12')"
    )
    op.execute("INSERT INTO fulltext_words (fulltext_words) VALUES ('rebuild')")
    take = "INSERT INTO fulltext_words (fulltext_words, rowid, words) VALUES ('delete', OLD.request_id, OLD.words);"
    add = "INSERT INTO fulltext_words (rowid, words) VALUES (NEW.request_id, NEW.words);"
    for name, moment, work in (
        ("fulltext_added", "INSERT", add),
        ("fulltext_changed", "UPDATE OF words", take + add),
        ("fulltext_deleted", "DELETE", take),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON request_words BEGIN {work} END")
    # Whoever deletes by hand may have foreign keys off.
    for name, table, work in (
        ("fulltext_request_deleted", "request", "DELETE FROM request_words WHERE request_id = OLD.id;"),
        ("contact_requester_deleted", "requester", "DELETE FROM requester_contact WHERE requester_id = OLD.id;"),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER DELETE ON {table} BEGIN {work} END")


def _index_postgresql() -> None:
    # Not to_tsvector: its parser has ideas of its own of what a word is.
    op.execute(
        "ALTER TABLE request_words ADD COLUMN fulltext_lexemes tsvector "
        "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED"
    )
    # Beginnings are lexemes of their own: those of a common word would all be read for each search, and are skipped so.
    op.execute(
        "CREATE FUNCTION fulltext_beginnings(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
        "SELECT array_to_tsvector(coalesce(array_agg(left(word, letters)), '{}')) "
        "FROM unnest(string_to_array(words, ' ')) AS word, LATERAL (SELECT length(word) AS letters UNION ALL "
        "SELECT generate_series(3, least(12, length(word) - 1))) AS beginning $$"
    )
    op.execute("CREATE INDEX fulltext_words ON request_words USING gin (fulltext_beginnings(words))")
    op.execute("ANALYZE request_words")


def _trigger(name: str, moment: str, condition: str, work: str) -> None:
    when = f"WHEN ({condition})" if condition else ""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} AFTER {moment} {when} BEGIN {work} END")
        return
    body = f"BEGIN {work} RETURN NULL; END"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(f"CREATE TRIGGER {name} AFTER {moment} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, moment, _, _ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {moment.split()[-1]}")
        if not is_sqlite:
            op.execute(f"DROP FUNCTION {name}()")
    if is_sqlite:
        op.execute("DROP TRIGGER fulltext_request_deleted")
        op.execute("DROP TRIGGER contact_requester_deleted")
        op.execute("DROP TABLE fulltext_words")
    op.drop_table("unindexed")
    op.drop_index("ix_requester_contact_requester_id", table_name="requester_contact")
    op.drop_table("requester_contact")
    op.drop_table("request_words")
    if not is_sqlite:
        op.execute("DROP FUNCTION fulltext_beginnings(text)")


def _fold(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _WORDS.findall(plain.casefold())


def _words_of(texts: Iterable[str]) -> str:
    kept = " ".join(sorted({word[:60] for text in texts for word in _fold(text)}))
    return kept if len(kept) <= _LONGEST_WORDS else kept[:_LONGEST_WORDS].rpartition(" ")[0]


def _subject_of(description: str) -> str:
    return " ".join(_fold(description.strip().partition("\n")[0]))[:_LONGEST_WORDS]


def _contacts_of(email: str, phone: str, extension: str) -> set[str]:
    entries = {f"e{email.strip().casefold()}"[:100]} if email.strip() else set()
    for one in _SEVERAL.split(phone):
        digits = "".join(character for character in one if character in "0123456789")[:40]
        entries |= {f"t{digits[-length:]}" for length in (40, 9, 8)} if len(digits) >= 6 else set()
    if extension.strip():
        entries.add(f"r{extension.strip().casefold()}")
    return entries
