"""What a platform may mean by an extension; what real platforms send is in tests/soap/test_addresses.py."""

import pytest

from soap_service.rules.extensions import LONGEST_SENT, extensions_meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("4067", ("4067",)),
        (" 4067 ", ("4067",)),
        ("+4067", ("+4067", "4067")),
        ("sip:4067@pbx.example", ("4067",)),
        ("(40) 67", ()),
        ("ação", ()),
        ("", ()),
        ("x" * 21, ()),
        ("sip:" + "4" * LONGEST_SENT, ()),
    ],
)
def test_every_form_that_may_be_meant_is_tried_the_shortest_last(sent: str, meant: tuple[str, ...]) -> None:
    assert extensions_meant(sent) == meant
