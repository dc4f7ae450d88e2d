"""The tables of what is done to people's records: the history of changes, and who was erased.

Further mapped classes of `model.Base`. Knows no session, no query, no door.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.model import Base


class PersonChange(Base):
    """A change of a requester's record: who, when, what, and each field before and after (JSON).

    `form_key` names the form that made something new: unique, so that a repeated post makes it once.
    """

    __tablename__ = "person_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"), index=True)
    changed_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(20))
    details: Mapped[str]
    form_key: Mapped[str | None] = mapped_column(String(64), unique=True)


class ErasureKey(Base):
    """A key that documents of erased people are hashed with. A database makes one; a restored backup may bring more."""

    __tablename__ = "erasure_key"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[bytes]


class Erasure(Base):
    """An erased person: the keyed hash of the document, and when. Never the document."""

    __tablename__ = "erasure"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    document_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(primary_key=True)
