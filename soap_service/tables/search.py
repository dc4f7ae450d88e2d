"""What a search looks into: tables made from other tables. `storage.indexing` writes them."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.column_types import ContactEntry
from soap_service.tables.base import Base
from soap_service.tables.people import Requester
from soap_service.tables.requests import RequestEvent


class RequestWords(Base):
    """The words of a request's description and notes, and of its first line alone; folded (`rules.searching`).

    The database's own full-text index of `words` has no class: the migration makes it.
    """

    __tablename__ = "request_words"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("request.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subject: Mapped[str]
    words: Mapped[str]


class RequesterContact(Base):
    """What a requester is found by beside document and name (`searching.contacts_of`)."""

    __tablename__ = "requester_contact"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entry: Mapped[str] = mapped_column(ContactEntry, primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("requester.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Unindexed(Base):
    """A row whose words are not those of its text any more. Triggers write it, whoever changes the text."""

    __tablename__ = "unindexed"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


for _source in (Requester, RequestEvent, RequestWords, RequesterContact):
    Unindexed.__table__.add_is_dependent_on(_source.__table__)  # type: ignore[attr-defined]
