"""Finding requests by words, in the words of each database's own full-text engine."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from soap_service.rules.searching import is_prefix

#: PostgreSQL's index knows no order: what more requests than this have is looked for in so many of the newest first.
_NEWEST = 20_000
#: Its index has the beginnings of each word up to this length, and the word.
_LONGEST_BEGINNING = 12

_IN_SQLITE = text(
    "SELECT request_words.request_id, request_words.subject FROM fulltext_words "
    "JOIN request_words ON request_words.request_id = fulltext_words.rowid "
    "WHERE fulltext_words MATCH :words AND fulltext_words.rowid <= :highest "
    "ORDER BY fulltext_words.rowid DESC LIMIT :most"
)
_ESTIMATE_IN_POSTGRESQL = text(
    "EXPLAIN (FORMAT JSON) SELECT FROM request_words WHERE fulltext_beginnings(words) @@ CAST(:words AS tsquery)"
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


def find_in_sqlite(fetch: Callable[..., Sequence[Any]], words: Sequence[str], highest: int, most: int) -> Sequence[Any]:
    """Return number and subject of the newest requests, up to a number, that have all these words."""
    wanted = " ".join(f'"{word}"*' if is_prefix(word) else f'"{word}"' for word in words)
    return fetch(_IN_SQLITE, words=wanted, highest=highest, most=most)


def find_in_postgresql(
    fetch: Callable[..., Sequence[Any]], words: Sequence[str], highest: int, most: int
) -> Sequence[Any]:
    """Return what `find_in_sqlite` does.

    The planner's statistics tell, within a millisecond, whether words are rare enough to ask the index at once.
    """
    in_index = " & ".join(f"'{word}':*" if len(word) > _LONGEST_BEGINNING else f"'{word}'" for word in words)
    if _estimate(fetch, in_index) > _NEWEST:
        wanted = " & ".join(f"'{word}':*" if is_prefix(word) else f"'{word}'" for word in words)
        rows: Sequence[Any] = ()
        for newest in (_NEWEST, 5 * _NEWEST):  # the second only where it will do
            if newest == _NEWEST or 5 * len(rows) >= most:
                rows = fetch(_NEWEST_IN_POSTGRESQL, words=wanted, highest=highest, most=most, newest=newest)
            if len(rows) == most:
                return rows
    return fetch(_ALL_IN_POSTGRESQL, words=in_index, highest=highest, most=most)


def _estimate(fetch: Callable[..., Sequence[Any]], words: str) -> float:
    """Return how many requests have these words, as the planner supposes."""
    ((plan,),) = fetch(_ESTIMATE_IN_POSTGRESQL, words=words)
    return float(plan[0]["Plan"]["Plan Rows"])
