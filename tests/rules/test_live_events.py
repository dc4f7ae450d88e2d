"""Whom a live event concerns."""

import pytest

from soap_service.rules.live_events import LiveEvent, LiveEventKind


@pytest.mark.parametrize(
    ("event", "is_for_everybody"),
    [
        (LiveEvent(LiveEventKind.REQUEST_CHANGED), True),
        (LiveEvent("a kind of newer nodes"), True),
        (LiveEvent(LiveEventKind.REQUEST_CHANGED, agent_id=1), False),
        (LiveEvent(LiveEventKind.REQUEST_CHANGED, extension="4067"), False),
        (LiveEvent(LiveEventKind.STREAMS_PROVED), False),
    ],
)
def test_what_names_neither_agent_nor_extension_is_for_everybody(event: LiveEvent, is_for_everybody: bool) -> None:
    assert event.is_for_everybody is is_for_everybody
