"""The tables of the audit: its rows, which nothing changes or deletes but a purge, and the seals that close them.

No row refers to another table: it outlives what it is about, and a downgrade leaves both tables in place.
"""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.column_types import ReadableMoment
from soap_service.tables.base import Base


class AuditRow(Base):
    """Who did what, when, from where, to which record (`rules.auditing`). Without `seal_id` it is not sealed yet."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "seal_id", "id"),
        Index(None, "happened_at", "id"),
        Index(None, "actor", "happened_at", "id"),
        Index(None, "kind", "happened_at", "id"),
        Index(None, "record_kind", "record", "happened_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(ReadableMoment)
    actor_kind: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(200))
    agent_id: Mapped[int | None]
    address: Mapped[str] = mapped_column(String(45))
    kind: Mapped[str] = mapped_column(String(30))
    record_kind: Mapped[str] = mapped_column(String(20))
    record: Mapped[str] = mapped_column(String(60))
    seal_id: Mapped[int | None]


class AuditSeal(Base):
    """A closed batch: how many rows, the first and the last, and a digest over them and the seal before.

    A seal with `through_id` closes no rows: it says that a purge deleted all up to that seal.
    """

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime] = mapped_column(ReadableMoment, index=True)
    row_count: Mapped[int]
    first_id: Mapped[int | None]
    last_id: Mapped[int | None]
    through_id: Mapped[int | None] = mapped_column(index=True)
    through_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
