"""How a run of several processes shares the files: as many processes, and in such an order, that none waits for long.

Files that wait, for browsers and processes, and files that compute are taken by turns, so that a processor is free for
one while the other waits. Those with the most tests come first in either kind: none is begun last that takes minutes.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

#: Folders whose tests wait for longer than they compute.
_WAITING = ("browser", "examples", "interop", "live", "mutants", "service")
_MOST_PROCESSES = 4


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors."""
    return min(_MOST_PROCESSES, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):  # one process: as asked
        return
    counts = Counter(item.path for item in items)
    kinds: dict[bool, list[Path]] = {True: [], False: []}
    for path in sorted(counts, key=lambda path: (-counts[path], path)):
        kinds[path.parent.name in _WAITING].append(path)
    places = {path: (place + 0.5) / len(paths) for paths in kinds.values() for place, path in enumerate(paths)}
    items.sort(key=lambda item: places[item.path])
