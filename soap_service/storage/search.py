"""Searching: requests by the words of their texts, people by document, name, telephone, e-mail and extension.

Each database's own full-text engine finds the same folded words and beginnings of words (`rules.searching`). The newest
matches are ranked; older ones follow by number, the newest first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from soap_service.errors import InvalidDocument, RequesterNotFound
from soap_service.model import Request, Requester
from soap_service.rules.documents import normalise_document
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.scopes import Scope
from soap_service.rules.searching import rank_of, wanted_contacts, wanted_words
from soap_service.storage.database import Database
from soap_service.storage.indexing import Indexing
from soap_service.storage.part import Part
from soap_service.storage.requesters import MATCHES_SHOWN, Requesters
from soap_service.storage.scopes import is_in
from soap_service.storage.worklist import PAGE_SIZE, load_requests
from soap_service.tables.search import RequesterContact

#: So many of the newest matches are ranked, and counted.
MOST_RANKED = 1000
_PLACE = re.compile(r"([1-9][0-9]{0,9})(?:\.([0-9]{1,4}))?", re.ASCII)
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class FoundRequests:
    """A page of what a search found; `count` is one more than `MOST_RANKED` for more. `after` asks for the next."""

    requests: Sequence[Request] = ()
    count: int = 0
    after: str = ""


class Search(Part):
    """Finding requests and people by what is typed."""

    def __init__(self, database: Database, requesters: Requesters, indexing: Indexing) -> None:
        super().__init__(database)
        self._requesters, self._indexing = requesters, indexing

    def find_requests(self, typed: str, after: str = "", scope: Scope | None = None) -> FoundRequests:
        """Return a page of the requests that have all words of a text: the first, or that after a place it named.

        With a scope only what is in it.
        """
        words = wanted_words(typed)
        place = _PLACE.fullmatch(after)
        if not words or (place and int(place[1]) > HIGHEST_NUMBER):
            return FoundRequests()
        self._indexing.index_before_search()
        if place and place[2] is None:
            return self._older(words, int(place[1]), scope)
        highest, offset = (int(place[1]), int(place[2])) if place else (HIGHEST_NUMBER, 0)
        return self._ranked(words, highest, offset, scope)

    def _ranked(self, words: Sequence[str], highest: int, offset: int, scope: Scope | None) -> FoundRequests:
        rows = self._database.find_words(words, highest, MOST_RANKED + 1)
        newest = rows[:MOST_RANKED]
        seen = self._seen(newest, scope)
        ranked = sorted(seen, key=lambda row: rank_of(words, row[1]))  # the newer first of equal ones
        shown = [number for number, _ in ranked[offset : offset + PAGE_SIZE]]
        after = ""
        if offset + PAGE_SIZE < len(ranked):
            after = f"{newest[0][0]}.{offset + PAGE_SIZE}"
        elif len(rows) > MOST_RANKED:
            after = str(newest[-1][0])
        return self._page(shown, len(rows) if len(rows) > MOST_RANKED else len(seen), after)

    def _older(self, words: Sequence[str], than: int, scope: Scope | None) -> FoundRequests:
        rows = self._database.find_words(words, than - 1, PAGE_SIZE + 1)
        shown = rows[:PAGE_SIZE]
        after = str(shown[-1][0]) if len(rows) > PAGE_SIZE else ""
        return self._page([number for number, _ in self._seen(shown, scope)], MOST_RANKED + 1, after)

    def _seen(self, rows: Sequence[Any], scope: Scope | None) -> Sequence[Any]:
        """Return the matches that are in a scope, in their order."""
        if scope is None or not rows:
            return rows
        query = select(Request.id).where(Request.id.in_([number for number, _ in rows]), is_in(scope))
        with self._database.reading() as session:
            seen = set(session.scalars(query))
        return [row for row in rows if row[0] in seen]

    def _page(self, numbers: Sequence[int], count: int, after: str) -> FoundRequests:
        with self._database.reading() as session:
            return FoundRequests(load_requests(session, numbers), count, after)

    def list_with_words(self, words: Sequence[str]) -> Sequence[int]:
        """Return the numbers of all requests that have these folded words, the newest first."""
        found: list[int] = []
        while rows := self._database.find_words(words, found[-1] - 1 if found else HIGHEST_NUMBER, MOST_RANKED):
            found += [number for number, _ in rows]
        return found

    def find_requesters(self, typed: str) -> Sequence[Requester]:
        """Return who has that document; else whose name, telephone, e-mail or extension it may be, some at most."""
        try:
            return [self._requesters.find(normalise_document(typed))]
        except (InvalidDocument, RequesterNotFound):
            pass
        self._indexing.index_before_search()
        found = [*self._with_contact(typed), *self._requesters.list_named(typed)]
        return list({one.id: one for one in found}.values())[:MATCHES_SHOWN]

    def _with_contact(self, typed: str) -> Sequence[Requester]:
        entry = RequesterContact.entry
        for begin, is_beginning in wanted_contacts(typed):
            is_it = (entry >= begin, entry < begin + _AFTER_ALL) if is_beginning else (entry == begin,)
            query = select(RequesterContact.requester_id).where(*is_it).order_by(entry).limit(3 * MATCHES_SHOWN)
            with self._database.reading() as session:
                ids = session.scalars(query).all()
                if ids:
                    people = select(Requester).where(Requester.id.in_(ids)).order_by(Requester.name, Requester.id)
                    return session.scalars(people.limit(MATCHES_SHOWN)).all()
        return []
