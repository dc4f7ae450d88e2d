"""Requesters and their contacts; what was changed of them, and who was erased."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.column_types import NameEntry, SortedByBytes
from soap_service.tables.base import Base


class Requester(Base):
    """A person or company who calls (solicitante). Triggers keep `open_requests`, how many are in progress.

    `external_id` is by what another desk's files name them. Who was merged into another stays as a row, whose document
    means the other from then on (`storage.people`); who was erased has a document that nobody could have.
    """

    __tablename__ = "requester"
    __table_args__ = (Index(None, "external_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(14), unique=True)
    name: Mapped[str] = mapped_column(SortedByBytes, index=True)
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    extension: Mapped[str] = mapped_column(String(20), default="")
    unit: Mapped[str] = mapped_column(String(200), default="")
    open_requests: Mapped[int] = mapped_column(server_default="0")
    external_id: Mapped[str | None] = mapped_column(String(100))
    left_at: Mapped[datetime | None]
    # Not a foreign key: a backup's rows come in the order of their ids, and the other may be younger.
    merged_into_id: Mapped[int | None] = mapped_column(index=True)
    erased_at: Mapped[datetime | None]


class Contact(Base):
    """A person behind a company's document (contato): the call and the request may name them.

    Who has left stays as a row, for what they asked for.
    """

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    extension: Mapped[str] = mapped_column(String(20), default="")
    left_at: Mapped[datetime | None]


class RequesterName(Base):
    """A word of a requester's name, folded, and the whole folded name after it: what a search by name looks into.

    `storage.requesters` writes it with every requester; its key is its order (`names.entries_of`).
    """

    __tablename__ = "requester_name"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entry: Mapped[str] = mapped_column(NameEntry, primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("requester.id", ondelete="CASCADE"), primary_key=True, index=True
    )


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
