"""What can go wrong, in the domain's own words. Knows neither SOAP nor HTTP nor the database driver.

`storage.database` turns driver errors into these. Three places say them: `soap.faults` to platforms, `screens` on
pages, `cli.sentences` to administrators. Each error carries the key of what it is about, never a document number.
"""

from enum import StrEnum


class SoapServiceError(Exception):
    """The root of the tree; `key` names the object concerned."""

    def __init__(self, key: object = "") -> None:
        super().__init__(key)
        self.key = key


class InvalidDocument(SoapServiceError):
    """What was given cannot be a CPF or CNPJ. The key stays empty: it may hold personal data."""


class MissingArgument(SoapServiceError):
    """A required argument is absent or empty; the key is its wire name."""


class InvalidArgument(SoapServiceError):
    """An argument has a value outside its range; the key is its wire name."""


class NotFound(SoapServiceError):
    """Nothing has that key."""


class GroupRefused(NotFound):
    """Nobody in this group could execute a request; the key is its name.

    `reason` is "may not execute" for a group without the permission, "no member" for one without an active agent.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key)
        self.reason = reason


class RequestNotFound(NotFound):
    """No request has that number, or it does not belong to the document given."""


class RequesterNotFound(NotFound):
    """No requester has that id or document."""


class ContactNotFound(NotFound):
    """The requester has no contact with that id."""


class RequestHidden(NotFound):
    """The agent's groups see only their own requests, and this is none; what may be known of it comes along."""

    def __init__(self, key: int, service: str, group: str) -> None:
        super().__init__(key)
        self.service, self.group = service, group


class CallNotFound(NotFound):
    """No call has that token."""


class AgentNotFound(NotFound):
    """No agent has that login."""


class ServiceNotFound(NotFound):
    """No active catalogue entry has that id."""


class IntegrationNotFound(NotFound):
    """No integration has that name."""


class AlreadyExists(SoapServiceError):
    """Something with that key exists already."""


class DataExists(AlreadyExists):
    """The database to restore into holds data already, and nobody said to replace it."""


class ChangedMeanwhile(SoapServiceError):
    """Somebody else has changed it since it was read; the key is its kind. Nothing was saved."""


class LastAdministrator(SoapServiceError):
    """Without this agent nobody could administer any more; the key is the login."""


class Reason(StrEnum):
    """Why a value is refused, as a key: `screens.reasons` and `cli.sentences` have a sentence for each."""

    NO_SWITCH = "neither S nor N"
    NO_SERVICE_NUMBER = "no id of a service"
    NO_ACTIVE_SERVICE = "no active service has that id"
    CHILD_SERVICE_MISSING = "282 is S and 283 is empty"
    CHILD_SERVICE_WRONG = "282 is S and 283 names no active service"
    NOT_UTF8 = "not UTF-8"
    TOO_SHORT = "too short"
    EASY_TO_GUESS = "easy to guess"
    NO_NETWORK = "no network"
    NEEDS_ADDRESSES = "neither a secret nor an address"
    NO_LANGUAGE = "no language of the program"
    NO_EXTENSION = "no extension"
    EXTENSION_RESERVED = "reserved for other agents"
    NO_SHIFT = "no shift"
    BACKWARD_SHIFT = "ends before it begins"
    OVERLAPPING_SHIFTS = "two shifts overlap"
    NO_WORK = "no hour of work in a week"
    NO_SLA = "not between one minute and one year"


class InvalidValue(SoapServiceError):
    """A rule refuses a value; the key is its name in the code. `detail` is what the reason speaks of, if anything."""

    def __init__(self, key: object, reason: Reason, detail: str = "") -> None:
        super().__init__(key)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


class InputRefused(SoapServiceError):
    """What an administrator gave cannot be used: the key is the setting, argument or file.

    It brings its sentence, English, with what to do: the command's. That of a file knows its key
    (`rules.import_causes`).
    """

    def __init__(self, key: object, sentence: str) -> None:
        super().__init__(key)
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.key}: {self.sentence}"


def cannot_listen(host: str, port: int) -> InputRefused:
    """Return the error of an address that cannot be listened at."""
    return InputRefused("host and port", f"cannot listen at {host} port {port}; choose others")


class ExtensionTaken(SoapServiceError):
    """Another agent holds the extension; `owner` is that agent's name. Registering with `take_over` takes it."""

    def __init__(self, key: str, owner: str) -> None:
        super().__init__(key)
        self.owner = owner


class TransitionRefused(SoapServiceError):
    """The request's situation does not allow that action; the key is the request's number."""

    def __init__(self, key: int, action: str, situation: str) -> None:
        super().__init__(key)
        self.action, self.situation = action, situation


class PersonNotMergeable(SoapServiceError):
    """These two records cannot become one: the same, erased, or merged into another already."""


class CallNotMissed(SoapServiceError):
    """Only a missed call can be returned."""


class ExecutionRefused(SoapServiceError):
    """The agent may not execute this request; the key is the request's number."""


class LoginRefused(SoapServiceError):
    """Unknown login, wrong password or disabled agent: one error for all, so that none can be told apart."""


class SecretKeyMissing(SoapServiceError):
    """The key of encrypted secrets is not there, or is another one; the key is its file, "" where none is named."""


class ProviderAway(SoapServiceError):
    """The provider of single sign-on does not answer, or not as it should; the key is its issuer."""


class SignOnRefused(SoapServiceError):
    """What came back from the provider of single sign-on proves nothing; the key says why, for the log."""


class SignOnCancelled(SoapServiceError):
    """The agent, or the provider's rules, said no at the provider."""


class Unauthorized(SoapServiceError):
    """No integration accepts this credential or source address."""


class UnknownPlatform(Unauthorized):
    """The credential cannot be read, or names no integration, or one that was revoked."""


class WrongSecret(Unauthorized):
    """The credential names an integration and has not its secret; the key is the integration's name."""


class WrongAddress(Unauthorized):
    """The credential is right and comes from an address that is not the integration's; the key is its name."""


class NoCredential(Unauthorized):
    """There was no credential, and no integration is known by that source address."""


class UnsupportedPassword(SoapServiceError):
    """A password in a form that cannot be compared with a kept secret; the key is its type."""


class CrossSite(SoapServiceError):
    """A page of another site called through a browser at an address that is let in; the key is its integration."""


class OperationNotAllowed(SoapServiceError):
    """The integration may not call this operation; the key is the operation's name."""


class IntegrationOff(SoapServiceError):
    """Parameter 281 is N: the telephony web services are switched off."""


class LimitExceeded(SoapServiceError):
    """Too many calls, unknown documents or failed logins; the key says whose."""


class StoreUnavailable(SoapServiceError):
    """The database cannot be reached, is locked, or did not answer in time; try again.

    `reason` is the driver's line on it, for the commands alone: masked, without the password; it may be empty.
    """

    def __init__(self, reason: str = "", key: object = "") -> None:
        super().__init__(key)
        self.reason = reason


class DatabaseMissing(StoreUnavailable):
    """There is no embedded database, and it is not to be made; the key is its file."""

    def __init__(self, key: object) -> None:
        super().__init__(key=key)


class DatabaseDamaged(StoreUnavailable):
    """The embedded database's file cannot be read any more, or is none."""


class TransactionLost(StoreUnavailable):
    """Whether the change was made is not known, or another won over it; doing it again by its key tells."""
