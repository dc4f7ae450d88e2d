"""Why a line or a file cannot be taken in, as keys: each with the command's English sentence.

The page of imports has a sentence of its own for each (`screens.administration.import_causes`).
"""

from enum import StrEnum


class Cause(StrEnum):
    """A cause and its English sentence, in which values stand in braces."""

    # Of a line.
    NO_SERVICE = "there is no service"
    UNKNOWN_SERVICE = "there is no service {name}"
    SERVICE_NEEDS_GROUP = "there is no service {name}; to make it the line needs a group"
    UNKNOWN_GROUP = "there is no group {name}"
    ERASED = "the person was erased (person erase): an import makes them no more"
    TAKEN_ID = "its id_externo belongs to a requester with another document; correct it with --update"
    TWO_REQUESTERS = "its document and its id_externo belong to two requesters"
    NOBODYS_ID = "there is no document, and nobody has its id_externo"
    NO_DOCUMENT = "there is no document"
    NO_REQUESTER_DOCUMENT = "there is no document of the requester"
    NO_NAME = "there is no name"
    NO_SITUATION = "there is no situation"
    NO_TIME = "there is no time"
    NO_OPENING = "there is no time of opening"
    OPENED_IN_FUTURE = "it is opened in the future"
    NO_CLOSING = "it is finished and there is no time of closing"
    CLOSED_TOO_EARLY = "it is closed before it is opened"
    INVALID_DOCUMENT = "the document is no CPF or CNPJ"
    NO_NUMBER = "there is no number"
    INVALID_NUMBER = "the number is no number"
    NUMBER_TOO_LARGE = "the number is not from 1 to {most}: map the column of the desk's internal id"
    OWN_NUMBER = "numbers from {first} on are those of requests opened here (first_request_number)"
    NO_NUMBERS_LEFT = "it would leave no numbers for requests opened here: set first_request_number above it"
    UNKNOWN_REQUESTER = "there is no such requester"
    REQUESTER_NEEDS_NAME = "there is no such requester; to make it the line needs document and name"
    NUMBER_OF_SOURCE = "the number is that of a request of the source {source}"
    NUMBER_OF_OURS = "the number is that of a request opened here"
    NOT_OF_SOURCE = "there is no request with that number of the source {source}"
    TOO_MANY_CELLS = "it has {cells} cells, the header {columns}"
    NO_DATE = "{column} is no date such as 2026-11-20 09:00 or 20/11/2026 09:00"
    DATE_OUT_OF_RANGE = "{column} is not between 1970 and 2199"
    NOT_HISTORY = "historico has lines that are not: date | who | action | text"
    TOO_LONG = "{column} has more than {longest} characters"
    UNKNOWN_WORD = "{column} is unknown: {value}; map it with --map {column}:VALUE=OURS"
    NO_PRIORITY = "priority is not from 1 to 5"
    NOT_IN_ENCODING = "a character is not in the encoding"
    OPEN_QUOTE = "a quote is not closed"
    NOT_CSV = "it is not CSV: {error}"
    NOT_JSON_OBJECT = "it is no JSON object"
    # Of a file.
    OLD_XLS = "it is an old XLS: save it as XLSX or CSV"
    UNREADABLE_XLSX = "it is no readable XLSX: {error}"
    TOO_LARGE_UNPACKED = "unpacked it has more than {all} MiB, or {texts} MiB of texts: save it as CSV"
    EMPTY_FILE = "{file}: it is empty"
    UNREADABLE_HEADER = "{file}: {cause}"
    NOT_JSON = "{file}: its first line is no JSON: {error}"
    TAKES_TOO_LONG = "it takes too long to read"
    TAKES_TOO_MUCH_MEMORY = "it takes too much memory to read"
    # Of its columns, and of how they are mapped.
    NO_IDENTITY_COLUMN = "there is no column cpf, cnpj, documento or id_externo; map one with --map"
    MISSING_COLUMN = "there is no column {column}; map one with --map {column}=COLUMN"
    SAME_MEANING = "{first} and {second} mean the same; say which with --map {column}=COLUMN"
    UNKNOWN_COLUMN = "the file has no column {column}; it has {others}"
    UNKNOWN_MAP = "{given}: write OURS=COLUMN or OURS:VALUE=OUR VALUE, OURS one of {ours}"
    UNKNOWN_ENCODING = "there is no encoding {name}; try utf-8, cp1252 or utf-16"
    UNKNOWN_DELIMITER = 'choose ",", ";", "|" or tab'
    INVALID_SOURCE = "it is a name of 1 to 60 characters"

    def __call__(self, **values: object) -> "Told":
        """Return the cause as it is told of one line or file."""
        return Told(self, {name: str(value) for name, value in values.items()})


class Told(str):
    """The English sentence of a cause, which knows its key and its values."""

    cause: Cause
    values: dict[str, str]

    def __new__(cls, cause: Cause, values: dict[str, str]) -> "Told":
        """Make the sentence of a cause, with its values in it."""
        told = super().__new__(cls, cause.value.format(**values))
        told.cause, told.values = cause, values
        return told


class Unreadable(Exception):
    """A line that cannot be taken, and why."""

    def __init__(self, told: Told) -> None:
        super().__init__(told)
        self.told = told
