"""What the command says of errors, with what an administrator can do."""

from soap_service.errors import (
    AlreadyExists,
    DatabaseDamaged,
    DatabaseMissing,
    DataExists,
    InvalidValue,
    LastAdministrator,
    NotFound,
    SoapServiceError,
    StoreUnavailable,
)
from soap_service.language import translations_of


def sentence_of(error: SoapServiceError) -> str:
    """Return what an administrator reads of an error."""
    if isinstance(error, InvalidValue):  # a rule that the screens share speaks Portuguese and is translated
        return f"{error.key}: {translations_of('en').gettext(error.reason)}"
    if isinstance(error, NotFound):
        return f"there is no {error.key!s}; the command's `list` shows what there is"
    if isinstance(error, DataExists):
        return "there is data in the database already; add --replace to delete it first"
    if isinstance(error, AlreadyExists):
        return f"{error.key} exists already; choose another name"
    if isinstance(error, LastAdministrator):
        return f"{error.key} is the last active administrator; make another one first"
    if isinstance(error, DatabaseMissing):
        return f"there is no database at {error.key}; check --database-url"
    if isinstance(error, DatabaseDamaged):
        return f"the database is damaged ({error.reason}); restore a backup into a new file"
    if isinstance(error, StoreUnavailable):
        said = f" ({error.reason})" if error.reason else ""
        advice = "check --database-url, its folder's rights, and try again"
        return f"the database cannot be opened or is busy{said}; {advice}"
    return repr(error)
