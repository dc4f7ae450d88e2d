"""Names of requesters in a folded, indexed form: found without case or accents, by the beginning of any word.

The folding is that of `names.entries_of` when this was written; what is there already is filled in.
"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WORDS = re.compile(r"[^\W_]+")
_ROWS_AT_ONCE = 5000


def _entries(name: str) -> set[str]:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = _WORDS.findall(plain.casefold())
    whole = " ".join(words)[:240]
    return {f"{word[:60]} {whole}" for word in words}


def upgrade() -> None:
    entry = sa.String(length=320).with_variant(sa.String(length=320, collation="C"), "postgresql")
    table = op.create_table(
        "requester_name",
        sa.Column("entry", entry, nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["requester.id"], name="fk_requester_name_requester_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry", "requester_id", name="pk_requester_name"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    query = sa.text("SELECT id, name FROM requester WHERE id > :last ORDER BY id LIMIT :most")
    last = 0
    while found := connection.execute(query, {"last": last, "most": _ROWS_AT_ONCE}).all():
        rows = [{"entry": entry, "requester_id": row.id} for row in found for entry in _entries(row.name)]
        if rows:
            connection.execute(sa.insert(table), rows)
        last = found[-1].id
    op.create_index("ix_requester_name_requester_id", "requester_name", ["requester_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_requester_name_requester_id", table_name="requester_name")
    op.drop_table("requester_name")
