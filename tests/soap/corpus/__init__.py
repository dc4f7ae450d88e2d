"""The project's corpus of odd and hostile SOAP messages, by subject; `forms` says what a case is."""

from tests.soap.corpus.broken import BROKEN
from tests.soap.corpus.credentials import CREDENTIALS
from tests.soap.corpus.encodings import ENCODINGS, WRONG_ENCODINGS
from tests.soap.corpus.forms import Case
from tests.soap.corpus.hostile import HOSTILE
from tests.soap.corpus.limits import LIMITS
from tests.soap.corpus.oddities import ODDITIES
from tests.soap.corpus.values import VALUES

KINDS: dict[str, list[Case]] = {
    "oddities": ODDITIES,
    "encodings": ENCODINGS,
    "wrong encodings": WRONG_ENCODINGS,
    "values": VALUES,
    "broken": BROKEN,
    "limits": LIMITS,
    "hostile": HOSTILE,
    "credentials": CREDENTIALS,
}
CASES = [case for cases in KINDS.values() for case in cases]
