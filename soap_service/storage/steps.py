"""Work in a transaction, told as what it asks: so one description serves a thread that waits, and an event loop.

Such work is a generator. It yields what it asks, and is sent the rows for each of the values:
`rows_of_each = yield Asked(_SUBJECT, [{"number": 1}, {"number": 2}])`.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Executable

from soap_service.storage.backend import Link, Question

T = TypeVar("T")


class Asked(NamedTuple):
    """A prebuilt statement, to be run for each of many values.

    The rows of each are sent back; without `needs_rows` none are, and the next step is taken at once.
    """

    statement: Executable
    values: Sequence[dict[str, Any]]
    needs_rows: bool = True


#: What is yielded is asked, and sent the rows for each of its values; what is returned is what became of it all.
Steps = Generator[Asked, Sequence[Any], T]


def take(steps: Steps[T], fetch_each: Callable[[Executable, Sequence[dict[str, Any]]], Sequence[Any]]) -> T:
    """Return what work returns whose questions a function answers."""
    try:
        asked = next(steps)
        while True:
            asked = steps.send(fetch_each(asked.statement, asked.values))
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]


async def take_on(link: Link, steps: Steps[T], before: Sequence[Question], after: Sequence[Question]) -> T:
    """Return what work returns whose questions a link answers: `before` goes along with the first, `after` last."""
    waiting, has_begun = list(before), False
    try:
        asked = next(steps)
        while True:
            waiting += [Question(asked.statement, values) for values in asked.values]
            rows: Sequence[Any] = ()
            if asked.needs_rows and asked.values:
                rows = (await link.ask(waiting, has_begun))[-len(asked.values) :]
                waiting, has_begun = [], True
            asked = steps.send(rows)
    except StopIteration as ended:
        await link.ask([*waiting, *after], has_begun)
        return ended.value  # type: ignore[no-any-return]
