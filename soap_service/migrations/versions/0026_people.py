"""People as records: contacts, the history of changes, who left, was merged or erased.

A downgrade forgets contacts and histories. Who was erased stays known, where there is anybody: those tables stay.
"""

import logging
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

log = logging.getLogger(__name__)

_COLUMNS = ("erased_at", "merged_into_id", "left_at")


def upgrade() -> None:
    op.add_column("requester", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("requester", sa.Column("merged_into_id", sa.Integer(), nullable=True))
    op.add_column("requester", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_requester_merged_into_id", "requester", ["merged_into_id"])
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["requester_id"], ["requester.id"], name="fk_contact_requester_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_index("ix_contact_requester_id", "contact", ["requester_id"])
    for table in ("call", "request"):
        # Both databases understand it within the column; SQLite adds no constraint to a table that is there.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN contact_id INTEGER "
            f"CONSTRAINT fk_{table}_contact_id REFERENCES contact (id)"
        )
    op.create_table(
        "person_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["requester_id"], ["requester.id"], name="fk_person_change_requester_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person_change"),
        sa.UniqueConstraint("form_key", name="uq_person_change_form_key"),
    )
    op.create_index("ix_person_change_requester_id", "person_change", ["requester_id"])
    if not sa.inspect(op.get_bind()).has_table("erasure"):
        _make_erasures()


def _make_erasures() -> None:
    keys = op.create_table(
        "erasure_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_key"),
    )
    op.create_table(
        "erasure",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("document_hash", sa.String(length=64), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "document_hash", "erased_at", name="pk_erasure"),
    )
    op.bulk_insert(keys, [{"id": secrets.token_hex(8), "key": secrets.token_bytes(32)}])


def downgrade() -> None:
    connection = op.get_bind()
    for what, query in (
        ("contacts", "contact"),
        ("changes of people's records", "person_change"),
        ("requesters who have left", "requester WHERE left_at IS NOT NULL"),
        ("merged requesters: they become requesters without requests", "requester WHERE merged_into_id IS NOT NULL"),
    ):
        if count := connection.scalar(sa.text(f"SELECT count(*) FROM {query}")):  # noqa: S608
            log.warning("lost by going back before schema 0026: %d %s", count, what)
    if not connection.scalar(sa.text("SELECT count(*) FROM erasure")):
        op.drop_table("erasure")
        op.drop_table("erasure_key")
    op.drop_index("ix_person_change_requester_id", table_name="person_change")
    op.drop_table("person_change")
    for table in ("request", "call"):
        op.drop_column(table, "contact_id")
    op.drop_index("ix_contact_requester_id", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_requester_merged_into_id", table_name="requester")
    for column in _COLUMNS:
        op.drop_column("requester", column)
