"""What the command says of errors, with what an administrator can do."""

import os
import sys

from soap_service.errors import (
    AlreadyExists,
    DatabaseDamaged,
    DatabaseMissing,
    DataExists,
    InputRefused,
    InvalidValue,
    LastAdministrator,
    NotFound,
    Reason,
    SecretKeyMissing,
    SoapServiceError,
    StoreUnavailable,
)
from soap_service.language import LANGUAGES
from soap_service.rules.passwords import SHORTEST_PASSWORD

#: Why a value is refused; `{detail}` is what the rule says of it.
REASONS = {
    Reason.NO_SWITCH: "the value must be S or N",
    Reason.NO_SERVICE_NUMBER: "the value must be the id of a service",
    Reason.NO_ACTIVE_SERVICE: "there is no active service with that id",
    Reason.CHILD_SERVICE_MISSING: "parameter 282 is S, but parameter 283 names no service",
    Reason.CHILD_SERVICE_WRONG: "parameter 283 names a service that does not exist or is not active",
    Reason.NOT_UTF8: "it is not UTF-8",
    Reason.TOO_SHORT: f"the password needs at least {SHORTEST_PASSWORD} characters",
    Reason.EASY_TO_GUESS: (
        "it is easy to guess: a common one, digits alone, or made of the agent's name or login; "
        "take three or four words that have nothing to do with each other"
    ),
    Reason.NO_NETWORK: "{detail}",
    Reason.NEEDS_ADDRESSES: "without a secret the integration needs at least one network address",
    Reason.NO_LANGUAGE: f"it is one of {', '.join(LANGUAGES)}",
    Reason.NO_EXTENSION: "an extension has at most 20 characters: digits, letters and * # + - . @ _",
    Reason.EXTENSION_RESERVED: "this extension is reserved for other agents",
    Reason.NO_SHIFT: "write the shifts like 08:00-12:00, 13:00-18:00",
    Reason.BACKWARD_SHIFT: "the shift ends before it begins; write one past midnight on two days",
    Reason.OVERLAPPING_SHIFTS: "two shifts of the same day overlap",
    Reason.NO_WORK: "deadlines would have no time to run; leave at least one working hour a week",
    Reason.NO_SLA: "an SLA is from one minute to a year",
}


def sentence_of(error: SoapServiceError) -> str:
    """Return what an administrator reads of an error."""
    if isinstance(error, InputRefused):
        return str(error)
    if isinstance(error, InvalidValue):
        return f"{error.key}: {REASONS[error.reason].format(detail=error.detail)}"
    if isinstance(error, NotFound):
        return f"there is no {error.key!s}; the command's `list` shows what there is"
    if isinstance(error, DataExists):
        return "there is data in the database already; add --replace to delete it first"
    if isinstance(error, AlreadyExists):
        return f"{error.key} exists already; choose another name"
    if isinstance(error, LastAdministrator):
        return f"{error.key} is the last active administrator; make another one first"
    if isinstance(error, SecretKeyMissing):
        return f"the key of encrypted secrets is not in {error.key or 'any file'}; see secrets_key_file"
    if isinstance(error, DatabaseMissing):
        return f"there is no database at {error.key}; check --database-url"
    if isinstance(error, DatabaseDamaged):
        return f"the database is damaged ({error.reason}); restore a backup into a new file"
    if isinstance(error, StoreUnavailable):
        said = f" ({error.reason})" if error.reason else ""
        advice = "check --database-url, its folder's rights, and try again"
        return f"the database cannot be opened or is busy{said}; {advice}"
    return repr(error)


def tell_failure(error: SoapServiceError | OSError) -> None:
    """Write on standard error what has gone wrong. Nothing more is written to a standard output that is broken."""
    if isinstance(error, SoapServiceError):
        sentence = sentence_of(error)
    else:
        if error.filename is None and sys.stdout:  # what is left to be written would fail again at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sentence = f"{error.filename or 'standard output'}: {error.strerror}"
    print(f"soap-service: {sentence}", file=sys.stderr)
