"""What pages are told when an extension changes hands or pauses, as it is sent."""

import json

import pytest

from soap_service.live.browser_stream import Event
from soap_service.storage.extensions import Ownership


def told(event: Event) -> list[tuple[str, dict[str, str]]]:
    """Return the name and the data of each event within a text."""
    parts = (part.splitlines() for part in event.text.decode().split("\n\n") if part)
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


@pytest.mark.parametrize(
    ("is_paused", "before", "expected"),
    [
        (True, "4067", [("atendimento", {"pausa": "S"})]),
        (False, "4067", [("ramal", {"ramal": "4068"})]),
        (True, None, [("ramal", {"ramal": "4068"}), ("atendimento", {"pausa": "S"})]),
        (False, None, [("ramal", {"ramal": "4068"}), ("atendimento", {"pausa": "N"})]),
    ],
)
def test_an_owner_is_told_of_the_extension_and_the_pause(
    is_paused: bool, before: str | None, expected: list[tuple[str, dict[str, str]]]
) -> None:
    assert told(Event.of_change(Ownership("4068", 1, "Ana", is_paused), before)) == expected


@pytest.mark.parametrize(
    ("owner", "told_owner", "sentence"),
    [("Bia", "Bia", "O ramal 4068 foi assumido por Bia."), (None, "", "O ramal 4068 foi liberado.")],
)
def test_a_former_owner_is_told_who_has_it_if_anybody(owner: str | None, told_owner: str, sentence: str) -> None:
    lost = Event.of_loss(Ownership("4068", 2 if owner else None, owner, False))
    assert told(lost) == [("ramal", {"perdido": "4068", "dono": told_owner, "mensagem": sentence})]
