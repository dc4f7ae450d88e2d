"""What the forms of Administration have in common: their key, their stamp, and what somebody else saved meanwhile."""

import secrets
from collections.abc import Mapping

from soap_service.rules.edits import Edit
from soap_service.screens.administration.roles import ROLES
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.visit import Visit

declare_untyped("carimbo")

#: How many rows a list of Administration shows at a time.
ROWS_SHOWN = 100


def new_key() -> str:
    """Return a key that makes a form posted twice make its thing once."""
    return secrets.token_urlsafe(24)


def key_of(form: Form) -> str:
    """Return the key of a posted form; a new one for a form that has lost it."""
    key = form.value("chave")
    return f"form:{key}" if 16 <= len(key) <= 40 else f"form:{new_key()}"


def actor_of(visit: Visit) -> str:
    """Return how the history names the administrator."""
    return f"{visit.agent.name} ({visit.agent.login})"[:200]


def warn_of_changes(visit: Visit, form: Form, fields: Mapping[str, str], stored: Edit, typed: Edit) -> None:
    """Say at each field what somebody else has saved meanwhile, and let the form go on from there."""
    for name, (now, _) in stored.differences(typed).items():
        if name in fields:
            sentence = visit.gettext("Outra pessoa gravou: %(value)s") % {"value": told(visit, now)}
            form.warnings[fields[name]] = sentence
    form.values["carimbo"] = stored.stamp


def told(visit: Visit, text: str) -> str:
    """Return a field's value of the history as people read it."""
    words = {"S": visit.gettext("sim"), "N": visit.gettext("não"), "": visit.gettext("em branco")}
    words |= {str(role): visit.gettext(name) for role, name in ROLES.items()}
    return words.get(text, text)


def flag(is_set: bool) -> str:
    """Return a check box's value."""
    return "S" if is_set else ""
