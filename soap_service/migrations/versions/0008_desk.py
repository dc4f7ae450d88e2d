"""What the desk's lists and pages need: indexes for each filter and order, versions, keys of forms, calls' requests."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_UNFINISHED = sa.text("situation NOT IN ('Cancelada', 'Resolvida', 'Fechada')")
_HAS_RESPONSIBLE = sa.text("responsible_id IS NOT NULL")
_FILTERS = ["situation", "group_id", "responsible_id"]
_INDEXES = (
    ("unfinished_by_due_at", ["due_at", "id", *_FILTERS], _UNFINISHED),
    ("unfinished_by_priority", ["priority", "id", "due_at", *_FILTERS], _UNFINISHED),
    ("unfinished_by_opened_at", ["opened_at", "id", "due_at", *_FILTERS], _UNFINISHED),
    ("unfinished_by_id", ["id", "due_at", *_FILTERS], _UNFINISHED),
    ("situation_id", ["situation", "id"], None),
    ("situation_opened_at_id", ["situation", "opened_at", "id"], None),
    ("group_id_situation_id", ["group_id", "situation", "id"], None),
    ("group_id_situation_opened_at_id", ["group_id", "situation", "opened_at", "id"], None),
    ("requester_id_situation_opened_at_id", ["requester_id", "situation", "opened_at", "id"], None),
    ("responsible_by_id", ["responsible_id", "situation", "id"], _HAS_RESPONSIBLE),
    ("responsible_by_opened_at", ["responsible_id", "situation", "opened_at", "id"], _HAS_RESPONSIBLE),
)


def upgrade() -> None:
    op.add_column("request", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("request_event", sa.Column("form_key", sa.String(length=64), nullable=True))
    op.create_index("ix_request_event_form_key", "request_event", ["form_key"], unique=True)
    op.create_table(
        "call_request",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_request_call_id"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_call_request_request_id"),
        sa.PrimaryKeyConstraint("request_id", name="pk_call_request"),
    )
    op.create_index("ix_call_request_call_id", "call_request", ["call_id"], unique=False)
    for name, columns, where in _INDEXES:
        op.create_index(f"ix_request_{name}", "request", columns, sqlite_where=where, postgresql_where=where)
    op.drop_index("ix_request_group_id", table_name="request")
    op.drop_index("ix_request_responsible_id", table_name="request")


def downgrade() -> None:
    op.create_index("ix_request_responsible_id", "request", ["responsible_id"], unique=False)
    op.create_index("ix_request_group_id", "request", ["group_id"], unique=False)
    for name, _, _ in reversed(_INDEXES):
        op.drop_index(f"ix_request_{name}", table_name="request")
    op.drop_index("ix_call_request_call_id", table_name="call_request")
    op.drop_table("call_request")
    op.drop_index("ix_request_event_form_key", table_name="request_event")
    op.drop_column("request_event", "form_key")
    op.drop_column("request", "version")
