"""Count each requester's requests in progress where they are kept, so that asking costs the same for 1 and 50,000.

Triggers keep the count, in the transaction of whatever changes a request: the service, an import, a repair by hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OPEN = "('EmAndamento', 'Reaberta')"
_ADD = "UPDATE requester SET open_requests = open_requests + 1 WHERE id = NEW.requester_id;"
_TAKE = "UPDATE requester SET open_requests = open_requests - 1 WHERE id = OLD.requester_id;"
_NEW, _OLD = f"NEW.situation IN {_OPEN}", f"OLD.situation IN {_OPEN}"
_NAMES = ("request_opened", "request_left", "request_entered", "request_deleted")


def upgrade() -> None:
    op.add_column("requester", sa.Column("open_requests", sa.Integer(), server_default="0", nullable=False))
    count = f"SELECT count(*) FROM request WHERE requester_id = requester.id AND situation IN {_OPEN}"  # noqa: S608
    op.execute(f"UPDATE requester SET open_requests = ({count})")  # noqa: S608
    change = "UPDATE OF situation, requester_id"
    for name, moment, condition, work in (
        ("request_opened", "INSERT", _NEW, _ADD),
        ("request_left", change, _OLD, _TAKE),
        ("request_entered", change, _NEW, _ADD),
        ("request_deleted", "DELETE", _OLD, _TAKE),
    ):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON request WHEN {condition} BEGIN {work} END")
        else:
            body = f"BEGIN {work} RETURN NULL; END"
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            op.execute(
                f"CREATE TRIGGER {name} AFTER {moment} ON request FOR EACH ROW WHEN ({condition}) "
                f"EXECUTE FUNCTION {name}()"
            )


def downgrade() -> None:
    for name in _NAMES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON request")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("requester", "open_requests")
