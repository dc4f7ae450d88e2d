"""Whether what many callers at once saw of one register can have happened in some order, one at a time.

A register whose writes all write different values is linearizable exactly when the zones of its values can be put side
by side. Source: P. B. Gibbons and E. Korach, Testing Shared Memories, SIAM J. Comput. 26 (1997), theorem 4.7.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Operation:
    """One call at a register: a write of a value, or a read that was told it; and when it began and had its answer."""

    is_write: bool
    value: Hashable
    began: float
    answered: float


def is_linearizable(history: Iterable[Operation]) -> bool:
    """Tell whether the operations fit one order in which none moves before its beginning or behind its answer.

    The value before them all is written by an operation of its own. Raises: ValueError when a value is written twice.
    """
    by_value: dict[Hashable, list[Operation]] = defaultdict(list)
    for operation in history:
        by_value[operation.value].append(operation)
    forward: list[tuple[float, float]] = []
    backward: list[tuple[float, float]] = []
    for value, operations in by_value.items():
        writes = [operation for operation in operations if operation.is_write]
        if len(writes) > 1:
            raise ValueError(f"{value} is written twice")
        if not writes or any(operation.answered < writes[0].began for operation in operations):
            return False  # read, but never written; or read before it was
        # The value is held at least from its first answer to its last beginning; when those overlap, at one instant.
        first, last = min(one.answered for one in operations), max(one.began for one in operations)
        if first < last:
            forward.append((first, last))
        else:
            backward.append((last, first))
    forward.sort()
    if any(later[0] < earlier[1] for earlier, later in pairwise(forward)):
        return False  # two values would have to be held at the same time
    return not any(first < begin and end < last for begin, end in backward for first, last in forward)
