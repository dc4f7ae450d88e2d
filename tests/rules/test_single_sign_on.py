"""What a provider's claims and groups mean."""

import pytest

from soap_service.errors import SignOnRefused
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Identity, identity_of, read_roles, role_of_groups

WHO = {"iss": "https://login.example.com", "sub": "1"}


def test_groups_are_read_as_they_are_written() -> None:
    assert read_roles("") == {}
    assert read_roles("administrator=/desk/admins, agent = Desk team,viewer=8f5c=1,") == {
        "/desk/admins": Role.ADMINISTRATOR,
        "Desk team": Role.AGENT,
        "8f5c=1": Role.VIEWER,
    }


def test_the_role_of_most_rights_counts() -> None:
    roles = read_roles("viewer=a,administrator=b,supervisor=c")
    assert role_of_groups(frozenset("abc"), roles) is Role.ADMINISTRATOR
    assert role_of_groups(frozenset("ca"), roles) is Role.SUPERVISOR
    assert role_of_groups(frozenset("AB"), roles) is None
    assert role_of_groups(frozenset(), roles) is None


def test_people_are_called_what_the_provider_says() -> None:
    said = {"preferred_username": "Eva.Reis@example.com", "name": " Eva  Reis ", "groups": ["a", 7]}
    assert identity_of({**WHO, **said}, "groups") == Identity(
        *WHO.values(), "eva.reis", "Eva Reis", frozenset({"a", "7"})
    )
    assert identity_of({**WHO, "email": "eva@example.com", "roles": "one"}, "roles") == Identity(
        *WHO.values(), "eva", "eva@example.com".partition("@")[0], frozenset({"one"})
    )
    assert identity_of({**WHO, "groups": {"a": 1}, "name": "n" * 300}, "groups") == Identity(
        *WHO.values(), "", "n" * 200
    )


def test_names_have_nothing_that_cannot_be_seen_or_kept() -> None:
    said = {"preferred_username": "ev\x00a\u200b", "name": "Eva\u202e\x1b[31m \x00Reis\ud800"}
    found = identity_of({**WHO, **said}, "groups")
    assert (found.login, found.name) == ("eva", "Eva[31m Reis")


@pytest.mark.parametrize("subject", ["", "s" * 256, "a\x00", "a\ud800", " a", "a\u202eb"])
def test_a_subject_that_cannot_be_kept_is_nobody(subject: str) -> None:
    with pytest.raises(SignOnRefused):
        identity_of({**WHO, "sub": subject}, "groups")
    assert identity_of({**WHO, "sub": "s" * 255}, "groups").subject == "s" * 255
