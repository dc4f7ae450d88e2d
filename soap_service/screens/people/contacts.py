"""Which of a company's people calls or asks: the choice on the pages of a call and a request."""

from soap_service.model import Requester
from soap_service.screens.visit import Visit


def contact_choices(visit: Visit, requester: Requester | None) -> list[tuple[str, str]]:
    """Return the contacts of a requester to choose from; empty if there are none."""
    if requester is None:
        return []
    contacts = visit.store.people.list_contacts(requester.id)
    return [(str(one.id), f"{one.name} ({one.role})" if one.role else one.name) for one in contacts]


def read_id(typed: str) -> int:
    """Return the id that a form's field has; 0 for none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
