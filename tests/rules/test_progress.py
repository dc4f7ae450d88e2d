"""Numbers that were passed over are waited for, and given up in time."""

import time
from datetime import timedelta

from soap_service.live.progress import Progress
from soap_service.rules.cursor import Position


def test_a_number_that_never_comes_is_given_up_after_its_time() -> None:
    progress = Progress(timedelta(seconds=0.05))
    progress.begin(Position(10))
    assert progress.advance(12)
    progress.settle()
    assert progress.position.missing == {11}
    time.sleep(0.06)
    progress.settle()
    assert progress.position.missing == frozenset()
    assert not progress.advance(11)


def test_a_number_that_comes_in_time_is_read_once() -> None:
    progress = Progress(timedelta(seconds=60))
    progress.begin(Position(10))
    assert progress.advance(12)
    progress.settle()
    progress.settle()
    assert progress.advance(11)
    assert not progress.advance(11)
    assert progress.position == Position(12)
