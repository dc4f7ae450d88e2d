"""What was typed when the log-in had ended comes back after the next one. Knows no form's meaning, and keeps nothing.

The pages carry it themselves, in hidden fields and never in an address, until it is posted to its form again with a
button that only shows it: whether to send it is the agent's decision.
"""

import json
import re
from dataclasses import asdict, dataclass
from urllib.parse import quote_plus

from soap_service.screens.forms import declare_untyped
from soap_service.screens.visit import Visit

declare_untyped("guardado")

#: The button that shows a form again as it was typed, and does nothing.
RESUME = "retomar"
#: The field of the log-in's form that carries what was typed.
KEPT = "guardado"
# The forms in which much is typed.
_PATH = re.compile(r"/solicitacoes/(?:nova|[1-9][0-9]{0,9}/executar)", re.ASCII)
# What belongs to the ended log-in, and what would do something.
_LEFT_OUT = ("form_token", "senha", "acao", "escolher")
# As much as the log-in's form can carry beside its own fields.
_LARGEST = 60 * 1024


@dataclass(frozen=True)
class Kept:
    """A form as it was posted: where to, and what stood in it."""

    path: str
    fields: dict[str, str]

    def __str__(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def keep_form(visit: Visit) -> Kept | None:
    """Return the form that was posted in vain; None for one in which nothing was typed or that is not carried over."""
    if not visit.typed_texts() or not _PATH.fullmatch(visit.request.path):
        return None
    kept = Kept(visit.request.path, {n: text for n, text in visit.request.form.items() if n not in _LEFT_OUT})
    return kept if len(quote_plus(str(kept))) <= _LARGEST else None


def kept_form(visit: Visit) -> Kept | None:
    """Return the form that the log-in's form carries; None for anything that is none."""
    try:
        told = json.loads(visit.request.form.get(KEPT, ""))
        path, fields = told["path"], told["fields"]
        is_form = _PATH.fullmatch(path) and all(isinstance(text, str) for text in fields.values())
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    return Kept(path, {name: text for name, text in fields.items() if name not in _LEFT_OUT}) if is_form else None
