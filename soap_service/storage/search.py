"""Searching: requests by the words of their texts, people by document, name, telephone, e-mail and extension.

Each database's own full-text engine finds the same folded words and beginnings of words (`rules.searching`). The newest
matches are ranked; older ones follow by number, the newest first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from soap_service.errors import InvalidDocument, RequesterNotFound
from soap_service.model import Request, Requester
from soap_service.rules.documents import normalise_document
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.searching import is_prefix, rank_of, wanted_contacts, wanted_words
from soap_service.search_model import RequesterContact
from soap_service.storage.indexing import Indexing
from soap_service.storage.requesters import MATCHES_SHOWN, Requesters
from soap_service.storage.worklist import PAGE_SIZE, load_requests

#: So many of the newest matches are ranked, and counted.
MOST_RANKED = 1000
_PLACE = re.compile(r"([1-9][0-9]{0,9})(?:\.([0-9]{1,4}))?", re.ASCII)
#: PostgreSQL looks through so many of the newest requests before it asks its index, which knows no order.
_NEWEST = 20_000
#: Its index has the beginnings of each word up to this length, and the word.
_LONGEST_BEGINNING = 12
_AFTER_ALL = "\U0010ffff"

_IN_SQLITE = text(
    "SELECT request_words.request_id, request_words.subject FROM fulltext_words "
    "JOIN request_words ON request_words.request_id = fulltext_words.rowid "
    "WHERE fulltext_words MATCH :words AND fulltext_words.rowid <= :highest "
    "ORDER BY fulltext_words.rowid DESC LIMIT :most"
)
_NEWEST_IN_POSTGRESQL = text(
    "SELECT request_id, subject FROM (SELECT request_id, subject, fulltext_lexemes FROM request_words "
    "WHERE request_id <= :highest ORDER BY request_id DESC LIMIT :newest) AS newest "
    "WHERE fulltext_lexemes @@ CAST(:words AS tsquery) ORDER BY request_id DESC LIMIT :most"
)
_ALL_IN_POSTGRESQL = text(
    "WITH found AS MATERIALIZED (SELECT request_id FROM request_words "
    "WHERE fulltext_beginnings(words) @@ CAST(:words AS tsquery)), "
    "newest AS MATERIALIZED (SELECT request_id FROM found WHERE request_id <= :highest "
    "ORDER BY request_id DESC LIMIT :most) "
    "SELECT request_words.request_id, request_words.subject FROM newest "
    "JOIN request_words ON request_words.request_id = newest.request_id ORDER BY newest.request_id DESC"
)


@dataclass(frozen=True)
class FoundRequests:
    """A page of what a search found; `count` is one more than `MOST_RANKED` for more. `after` asks for the next."""

    requests: Sequence[Request] = ()
    count: int = 0
    after: str = ""


class Search(Requesters, Indexing):
    """Finding requests and people by what is typed."""

    def search_requests(self, typed: str, after: str = "") -> FoundRequests:
        """Return a page of the requests that have all words of a text: the first, or that after a place it named."""
        words = wanted_words(typed)
        place = _PLACE.fullmatch(after)
        if not words or (place and int(place[1]) > HIGHEST_NUMBER):
            return FoundRequests()
        self._index_before_search()
        if place and place[2] is None:
            return self._older(words, int(place[1]))
        return self._ranked(words, int(place[1]) if place else HIGHEST_NUMBER, int(place[2]) if place else 0)

    def _ranked(self, words: Sequence[str], highest: int, offset: int) -> FoundRequests:
        rows = self._matches(words, highest, MOST_RANKED + 1)
        newest = rows[:MOST_RANKED]
        ranked = sorted(newest, key=lambda row: rank_of(words, row[1]))  # the newer first of equal ones
        shown = [number for number, _ in ranked[offset : offset + PAGE_SIZE]]
        after = ""
        if offset + PAGE_SIZE < len(ranked):
            after = f"{newest[0][0]}.{offset + PAGE_SIZE}"
        elif len(rows) > MOST_RANKED:
            after = str(newest[-1][0])
        return self._page(shown, len(rows), after)

    def _older(self, words: Sequence[str], than: int) -> FoundRequests:
        rows = self._matches(words, than - 1, PAGE_SIZE + 1)
        shown = [number for number, _ in rows[:PAGE_SIZE]]
        return self._page(shown, MOST_RANKED + 1, str(shown[-1]) if len(rows) > PAGE_SIZE else "")

    def _page(self, numbers: Sequence[int], count: int, after: str) -> FoundRequests:
        with self.reading() as session:
            return FoundRequests(load_requests(session, numbers), count, after)

    def _matches(self, words: Sequence[str], highest: int, most: int) -> Sequence[Any]:
        """Return number and subject of the newest requests, up to a number, that have all these words."""
        if self.is_embedded:
            wanted = " ".join(f'"{word}"*' if is_prefix(word) else f'"{word}"' for word in words)
            return self.ask(_IN_SQLITE, words=wanted, highest=highest, most=most)
        wanted = " & ".join(f"'{word}':*" if is_prefix(word) else f"'{word}'" for word in words)
        rows: Sequence[Any] = ()
        for newest in (_NEWEST, 5 * _NEWEST):  # the second only where it will do
            if newest == _NEWEST or 5 * len(rows) >= most:
                rows = self.ask(_NEWEST_IN_POSTGRESQL, words=wanted, highest=highest, most=most, newest=newest)
            if len(rows) == most:
                return rows
        wanted = " & ".join(f"'{word}':*" if len(word) > _LONGEST_BEGINNING else f"'{word}'" for word in words)
        return self.ask(_ALL_IN_POSTGRESQL, words=wanted, highest=highest, most=most)

    def search_requesters(self, typed: str) -> Sequence[Requester]:
        """Return who has that document; else whose name, telephone, e-mail or extension it may be, some at most."""
        try:
            return [self.find_requester(normalise_document(typed))]
        except (InvalidDocument, RequesterNotFound):
            pass
        self._index_before_search()
        found = [*self._with_contact(typed), *self.list_requesters_named(typed)]
        return list({one.id: one for one in found}.values())[:MATCHES_SHOWN]

    def _with_contact(self, typed: str) -> Sequence[Requester]:
        entry = RequesterContact.entry
        for begin, is_beginning in wanted_contacts(typed):
            is_it = (entry >= begin, entry < begin + _AFTER_ALL) if is_beginning else (entry == begin,)
            query = select(RequesterContact.requester_id).where(*is_it).order_by(entry).limit(3 * MATCHES_SHOWN)
            with self.reading() as session:
                ids = session.scalars(query).all()
                if ids:
                    people = select(Requester).where(Requester.id.in_(ids)).order_by(Requester.name, Requester.id)
                    return session.scalars(people.limit(MATCHES_SHOWN)).all()
        return []
