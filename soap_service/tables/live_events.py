"""The table of live events: what happened, until every process has told its browsers."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.tables.base import Base


class LiveEventRow(Base):
    """A live event (`rules.live_events`); `data` is a JSON object of texts."""

    __tablename__ = "live_event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    agent_id: Mapped[int | None]
    extension: Mapped[str | None] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(64))
    data: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
