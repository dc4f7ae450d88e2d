"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
        sa.UniqueConstraint("login", name="uq_agent_login"),
    )
    op.create_table(
        "executor_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("may_execute", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_executor_group"),
        sa.UniqueConstraint("name", name="uq_executor_group_name"),
    )
    op.create_table(
        "integration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("secret_salt", sa.LargeBinary(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("operations", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_integration"),
        sa.UniqueConstraint("name", name="uq_integration_name"),
    )
    op.create_table(
        "listener",
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("extension", "worker", name="pk_listener"),
    )
    op.create_table(
        "parameter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parameter"),
    )
    op.create_table(
        "parameter_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parameter_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(length=100), nullable=False),
        sa.Column("after", sa.String(length=100), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parameter_change"),
    )
    op.create_index("ix_parameter_change_parameter_id", "parameter_change", ["parameter_id"], unique=False)
    op.create_table(
        "recent_call",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_recent_call"),
    )
    op.create_index("ix_recent_call_announced_at", "recent_call", ["announced_at"], unique=False)
    op.create_table(
        "requester",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=14), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requester"),
        sa.UniqueConstraint("document", name="uq_requester_document"),
    )
    op.create_index("ix_requester_name", "requester", ["name"], unique=False)
    op.create_table(
        "extension",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("taken_from_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_extension_agent_id"),
        sa.ForeignKeyConstraint(["taken_from_id"], ["agent.id"], name="fk_extension_taken_from_id"),
        sa.PrimaryKeyConstraint("number", name="pk_extension"),
        sa.UniqueConstraint("agent_id", name="uq_extension_agent_id"),
    )
    op.create_index("ix_extension_changed_at", "extension", ["changed_at"], unique=False)
    op.create_index("ix_extension_taken_from_id", "extension", ["taken_from_id"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("form_token", sa.String(length=43), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_login_session_agent_id"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_login_session"),
    )
    op.create_index("ix_login_session_agent_id", "login_session", ["agent_id"], unique=False)
    op.create_index("ix_login_session_expires_at", "login_session", ["expires_at"], unique=False)
    op.create_table(
        "membership",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_membership_agent_id"),
        sa.ForeignKeyConstraint(["group_id"], ["executor_group.id"], name="fk_membership_group_id"),
        sa.PrimaryKeyConstraint("agent_id", "group_id", name="pk_membership"),
    )
    op.create_index("ix_membership_group_id", "membership", ["group_id"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("contract", sa.String(length=200), nullable=False),
        sa.Column("sla_minutes", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["executor_group.id"], name="fk_service_group_id"),
        sa.PrimaryKeyConstraint("id", name="pk_service"),
        sa.UniqueConstraint("name", name="uq_service_name"),
    )
    op.create_index("ix_service_group_id", "service", ["group_id"], unique=False)
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("situation", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("contract", sa.String(length=200), nullable=False),
        sa.Column("current_task", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("urgency", sa.String(length=1), nullable=False),
        sa.Column("impact", sa.String(length=1), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), nullable=False),
        sa.Column("contact_email", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_seconds", sa.Integer(), nullable=True),
        sa.Column("origin_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["executor_group.id"], name="fk_request_group_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["request.id"], name="fk_request_parent_id"),
        sa.ForeignKeyConstraint(["requester_id"], ["requester.id"], name="fk_request_requester_id"),
        sa.ForeignKeyConstraint(["responsible_id"], ["agent.id"], name="fk_request_responsible_id"),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name="fk_request_service_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
        sa.UniqueConstraint("origin_key", name="uq_request_origin_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_request_group_id", "request", ["group_id"], unique=False)
    op.create_index("ix_request_parent_id", "request", ["parent_id"], unique=False)
    op.create_index(
        "ix_request_requester_id_situation_id", "request", ["requester_id", "situation", "id"], unique=False
    )
    op.create_index("ix_request_responsible_id", "request", ["responsible_id"], unique=False)
    op.create_index("ix_request_service_id", "request", ["service_id"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=14), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("extension", sa.String(length=20), nullable=True),
        sa.Column("notice", sa.String(length=30), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by_id"], ["agent.id"], name="fk_call_answered_by_id"),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name="fk_call_integration_id"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_call_request_id"),
        sa.ForeignKeyConstraint(["requester_id"], ["requester.id"], name="fk_call_requester_id"),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("token", name="uq_call_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_call_answered_by_id", "call", ["answered_by_id"], unique=False)
    op.create_index("ix_call_created_at", "call", ["created_at"], unique=False)
    op.create_index("ix_call_extension_created_at", "call", ["extension", "created_at"], unique=False)
    op.create_index("ix_call_integration_id", "call", ["integration_id"], unique=False)
    op.create_index("ix_call_request_id", "call", ["request_id"], unique=False)
    op.create_index("ix_call_requester_id", "call", ["requester_id"], unique=False)
    op.create_table(
        "request_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_request_event_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request_event"),
    )
    op.create_index("ix_request_event_request_id", "request_event", ["request_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_request_event_request_id", table_name="request_event")
    op.drop_table("request_event")
    op.drop_index("ix_call_requester_id", table_name="call")
    op.drop_index("ix_call_request_id", table_name="call")
    op.drop_index("ix_call_integration_id", table_name="call")
    op.drop_index("ix_call_extension_created_at", table_name="call")
    op.drop_index("ix_call_created_at", table_name="call")
    op.drop_index("ix_call_answered_by_id", table_name="call")
    op.drop_table("call")
    op.drop_index("ix_request_service_id", table_name="request")
    op.drop_index("ix_request_responsible_id", table_name="request")
    op.drop_index("ix_request_requester_id_situation_id", table_name="request")
    op.drop_index("ix_request_parent_id", table_name="request")
    op.drop_index("ix_request_group_id", table_name="request")
    op.drop_table("request")
    op.drop_index("ix_service_group_id", table_name="service")
    op.drop_table("service")
    op.drop_index("ix_membership_group_id", table_name="membership")
    op.drop_table("membership")
    op.drop_index("ix_login_session_expires_at", table_name="login_session")
    op.drop_index("ix_login_session_agent_id", table_name="login_session")
    op.drop_table("login_session")
    op.drop_index("ix_extension_taken_from_id", table_name="extension")
    op.drop_index("ix_extension_changed_at", table_name="extension")
    op.drop_table("extension")
    op.drop_index("ix_requester_name", table_name="requester")
    op.drop_table("requester")
    op.drop_index("ix_recent_call_announced_at", table_name="recent_call")
    op.drop_table("recent_call")
    op.drop_index("ix_parameter_change_parameter_id", table_name="parameter_change")
    op.drop_table("parameter_change")
    op.drop_table("parameter")
    op.drop_table("listener")
    op.drop_table("integration")
    op.drop_table("executor_group")
    op.drop_table("agent")
