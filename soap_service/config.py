"""Settings: one typed object; `config_sources` makes it of a file, the environment and flags.

Every setting is one field here; its name gives the flag (`--public-url`), the variable (`SOAP_SERVICE_PUBLIC_URL`)
and the key in the file (`public_url = "..."`, TOML). README's table is compared with this class in a test.
"""

import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from soap_service.errors import InputRefused, InvalidValue
from soap_service.rules.credentials import Network, networks_of
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import read_roles

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import date

    from soap_service.rules.deadlines import Shift, WorkingCalendar

_DATABASE_URL = re.compile(r"sqlite:///.+|postgresql(\+psycopg)?://.+")
_DATABASE_URL_FORMS = (
    "write it as sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME, the port a number; "
    "several hosts as postgresql://USER:PASSWORD@/NAME?host=HOST:PORT&host=HOST:PORT"
)
# Of the address that stands in the WSDL: a host and perhaps a port, nothing that would have to be quoted there.
_PUBLIC_URL = re.compile(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
_ISSUER = re.compile(r"(https://[^\s?#]+|http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/[^\s?#]*)?)")
_LONGEST_SESSION_HOURS = 24 * 366
_LONGEST_DAYS = 36_500
_FEWEST_CALL_DAYS = 31
SYSLOG = "syslog:"
_SYSLOG = re.compile(r"syslog:(/.+|([\w.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5})")
_LONGEST_BY_DEFAULT = 24.0
_COUNTRY = "BR"
MOST_WORKERS = 64
#: Whose second factor is asked for, by the word of the setting.
SECOND_FACTOR_OF = {
    "optional": frozenset[Role](),
    "administrators": frozenset({Role.ADMINISTRATOR}),
    "everyone": frozenset(Role),
}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """What the service is told before it starts. Raises InputRefused, with the setting's name, for a wrong value."""

    database_url: str = _setting(
        "sqlite:///var/soap-service.db", "where the data is: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    )
    direct_database_url: str = _setting(
        "", "where database_url is a PgBouncer's in transaction mode: the address of PostgreSQL itself"
    )
    host: str = _setting("127.0.0.1", "address to listen at")
    port: int = _setting(8000, "port to listen at")
    workers: str = _setting("1", "processes that serve together: a number, or auto for one on each usable core")
    public_url: str = _setting("", "address that platforms and browsers use, without path; default http://HOST:PORT")
    trusted_proxies: str = _setting("", "addresses of proxies whose X-Forwarded-For is believed, comma separated")
    soap_origins: str = _setting("", "origins of web pages that may call the web services by address, comma separated")
    frame_ancestors: str = _setting(
        "", "origins of desktops that show the screens in a frame, comma separated; with a public_url of https alone"
    )
    time_zone: str = _setting("America/Sao_Paulo", "time zone of the service desk")
    working_days: str = _setting(
        "mon,tue,wed,thu,fri", "days that deadlines count, until the calendar's screen is saved"
    )
    working_hours: str = _setting("08:00-18:00", "shifts of a working day, comma separated, until then")
    holidays: str = _setting(_COUNTRY, "country whose national holidays deadlines skip; empty for none")
    repeat_seconds: float = _setting(10.0, "an announcement repeated within this time is the same call")
    call_seconds: float = _setting(60.0, "a call that nobody saw within this time is missed")
    session_hours: float = _setting(12.0, "a log-in that is not used for this long ends")
    longest_session_hours: float = _setting(
        0.0, "a log-in ends after this time in any case; 0: after 24 hours, or session_hours if they are more"
    )
    second_factor: str = _setting(
        "optional",
        "who must have a code beside the password, set up at the log-in: optional, administrators or everyone",
    )
    secrets_key_file: str = _setting(
        "", "file of the key that secrets in the database are encrypted with; default beside an embedded one (FILE-key)"
    )
    oidc_issuer: str = _setting("", "issuer of the OpenID Connect provider that agents log in at; empty for none")
    oidc_client_id: str = _setting("", "what this program is called there")
    oidc_client_secret_file: str = _setting("", "file with its secret there; empty for a public client")
    oidc_scopes: str = _setting("openid profile email", "what the provider is asked for")
    oidc_groups_claim: str = _setting("groups", "the claim that names a person's groups, or roles, there")
    oidc_roles: str = _setting(
        "",
        "role of each group, as administrator=desk-admins,agent=desk; who is in none has no access; empty: as set here",
    )
    oidc_new_agents: str = _setting(
        "no", "whether who comes for the first time becomes an agent, with oidc_roles: yes or no"
    )
    password_logins: str = _setting(
        "", "with a provider: the only logins that may log in by password, comma separated; empty for all"
    )
    first_request_number: int = _setting(
        1, "requests opened here get numbers from this one on; imported ones lie below"
    )
    calls_per_second: float = _setting(1000.0, "SOAP calls a second per integration; 0 for no limit")
    unknown_documents_per_minute: float = _setting(
        600.0,
        "unknown documents and numbers a minute per integration and node, beside its budget an hour; 0 for no limit",
    )
    request_seconds: float = _setting(10.0, "time for a client to send a whole request")
    calls_days: int = _setting(0, "calls are deleted after so many days; 0 keeps them for ever")
    unknown_documents_days: int = _setting(
        0, "documents of callers whom nobody knew are forgotten after so many days; 0: never"
    )
    finished_requests_days: int = _setting(
        0, "finished requests are deleted so many days after their end; 0 keeps them for ever"
    )
    refusals_days: int = _setting(0, "refused calls of platforms are forgotten after so many days; 0: never by age")
    audit_days: int = _setting(0, "rows of the audit are deleted after so many days; 0 keeps them for ever")
    audit_output: str = _setting(
        "", "where the audit is written as JSON lines, too: a file, syslog:/dev/log or syslog:HOST:PORT"
    )
    persons_per_hour: int = _setting(
        200, "administrators are warned of who sees more persons within an hour; 0 for no warning"
    )
    log_level: str = _setting("info", "debug, info, warning or error")

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InputRefused("time_zone", f"there is no time zone {self.time_zone!r}") from None
        self._check_database_url()
        for name, value in vars(self).items():
            if isinstance(value, float) and not 0 <= value < 10**9:
                raise InputRefused(name, f"{value} is not a number that fits")
        if not self.request_seconds:
            raise InputRefused("request_seconds", "it is a time above 0")
        if not 0 < self.session_hours <= _LONGEST_SESSION_HOURS:
            raise InputRefused("session_hours", "it is a time above 0, a year at most")
        longest = self.longest_session_hours
        if longest and not self.session_hours <= longest <= _LONGEST_SESSION_HOURS:
            raise InputRefused("longest_session_hours", "it is session_hours at least, a year at most, or 0")
        if self.second_factor not in SECOND_FACTOR_OF:
            raise InputRefused("second_factor", f"choose {', '.join(SECOND_FACTOR_OF)}")
        self._check_provider()
        if not self.host.strip():
            raise InputRefused("host", "say at which address to listen: 127.0.0.1, or 0.0.0.0 for every one")
        if not self.public_url and (self.host in ("0.0.0.0", "::") or not self.port):  # noqa: S104
            raise InputRefused("public_url", "say which address clients use: the one to listen at is not one to call")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise InputRefused("log_level", "choose debug, info, warning or error")
        if not 1 <= self.first_request_number <= HIGHEST_NUMBER:
            raise InputRefused("first_request_number", f"it is a number from 1 to {HIGHEST_NUMBER}")
        for name in ("audit_days", "calls_days", "unknown_documents_days", "finished_requests_days", "refusals_days"):
            if not 0 <= getattr(self, name) <= _LONGEST_DAYS:
                raise InputRefused(name, f"it is a number from 0 to {_LONGEST_DAYS}")
        if 0 < self.calls_days < _FEWEST_CALL_DAYS:
            raise InputRefused("calls_days", f"it is 0 or at least {_FEWEST_CALL_DAYS}: pages count them that long")
        if self.persons_per_hour < 0:
            raise InputRefused("persons_per_hour", "it is 0 or more")
        if self.audit_output.startswith(SYSLOG) and not _SYSLOG.fullmatch(self.audit_output):
            raise InputRefused("audit_output", "write a file, or syslog:/dev/log, or syslog:HOST:PORT")
        if not 1 <= self.worker_count <= MOST_WORKERS:
            raise InputRefused("workers", f"it is a number from 1 to {MOST_WORKERS}, or auto")
        if not 0 <= self.port < 65536:
            raise InputRefused("port", "a port is a number from 0 to 65535")
        if self.public_url and not _PUBLIC_URL.fullmatch(self.public_url):
            raise InputRefused("public_url", "write it as https://HOST or https://HOST:PORT, without a path")
        for origin in self.allowed_origins:
            if not _PUBLIC_URL.fullmatch(origin) or origin.endswith("/"):
                raise InputRefused("soap_origins", "write each as https://HOST or https://HOST:PORT, without a path")
        for origin in self.framing_origins:
            if not _PUBLIC_URL.fullmatch(origin) or origin.endswith("/"):
                raise InputRefused("frame_ancestors", "write each as https://HOST or https://HOST:PORT, without a path")
        if self.framing_origins and not self.is_https:
            raise InputRefused(
                "frame_ancestors", "within a frame browsers keep cookies over https alone: see public_url"
            )
        self.proxies  # noqa: B018 - read these now, so that a mistake is told at the start
        self.calendar  # noqa: B018

    @cached_property
    def zone(self) -> ZoneInfo:
        """The service desk's time zone."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of the proxies whose word on a client's address is believed."""
        try:
            return networks_of(self.trusted_proxies)
        except ValueError as error:
            raise InputRefused("trusted_proxies", str(error)) from None

    @property
    def worker_count(self) -> int:
        """How many processes serve; 0 for what is no number."""
        if self.workers == "auto":
            return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
        return int(self.workers) if self.workers.isdecimal() and len(self.workers) < 4 else 0

    @property
    def allowed_origins(self) -> list[str]:
        """The origins whose pages may call the web services, in small letters."""
        return [origin.strip().lower() for origin in self.soap_origins.split(",") if origin.strip()]

    @property
    def framing_origins(self) -> tuple[str, ...]:
        """The origins whose pages may show the screens in a frame."""
        return tuple(origin.strip().lower() for origin in self.frame_ancestors.split(",") if origin.strip())

    @cached_property
    def base_url(self) -> str:
        """The public address without a slash at its end."""
        return self.public_url.rstrip("/") or self.listening_url

    @property
    def is_https(self) -> bool:
        """Whether platforms and browsers come by https."""
        return self.base_url.startswith("https:")

    @property
    def listening_url(self) -> str:
        """The address that the service listens at, as seen from its own host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def endpoint_url(self) -> str:
        """The address of the SOAP services, as the WSDL gives it."""
        return f"{self.base_url}/soap"

    @cached_property
    def calendar(self) -> "WorkingCalendar":
        """The working calendar that deadlines are counted on."""
        from soap_service.rules.calendars import Holidays, has_enough_work
        from soap_service.rules.deadlines import WorkingCalendar

        shifts, days = self._shifts(), self._weekdays()
        week = tuple(shifts if day in days else () for day in range(7))
        if not has_enough_work(week):
            raise InputRefused("working_hours", "a week needs an hour of work at least")
        return WorkingCalendar(self.zone, week, Holidays(self._holidays()))

    @property
    def repeat_within(self) -> timedelta:
        """The time within which a repeated announcement is the same call."""
        return timedelta(seconds=self.repeat_seconds)

    @property
    def call_lifetime(self) -> timedelta:
        """The time after which an unseen call is missed."""
        return timedelta(seconds=self.call_seconds)

    @property
    def login_limits(self) -> LoginLimits:
        """How long a log-in lasts, without use and in any case."""
        longest = self.longest_session_hours or max(_LONGEST_BY_DEFAULT, self.session_hours)
        return LoginLimits(timedelta(hours=self.session_hours), timedelta(hours=longest))

    @property
    def second_factor_of(self) -> frozenset[Role]:
        """The roles whose agents must have a second factor."""
        return SECOND_FACTOR_OF[self.second_factor]

    @cached_property
    def roles_by_group(self) -> dict[str, Role]:
        """The role that each group of the provider gives."""
        try:
            return read_roles(self.oidc_roles)
        except ValueError:
            words = f"write it as ROLE=GROUP,ROLE=GROUP with a ROLE of {', '.join(Role)}"
            raise InputRefused("oidc_roles", words) from None

    @property
    def allowed_password_logins(self) -> frozenset[str]:
        """The only logins that may log in by password; none for all."""
        return frozenset(login.strip() for login in self.password_logins.split(",") if login.strip())

    def read_oidc_secret(self) -> str:
        """Return the secret at the provider, "" for none; raises InputRefused."""
        if not self.oidc_client_secret_file:
            return ""
        try:
            if secret := Path(self.oidc_client_secret_file).read_text("utf-8").strip():
                return secret
        except (OSError, UnicodeDecodeError):
            pass
        raise InputRefused("oidc_client_secret_file", f"{self.oidc_client_secret_file} cannot be read, or is empty")

    def _check_provider(self) -> None:
        """Raise InputRefused for settings of single sign-on that do not fit together."""
        if self.oidc_issuer and not _ISSUER.fullmatch(self.oidc_issuer):
            raise InputRefused(
                "oidc_issuer", "write it as the provider does, https://HOST/...; http is for 127.0.0.1 alone"
            )
        if self.oidc_issuer and not self.oidc_client_id:
            raise InputRefused("oidc_client_id", "say what this program is called at the provider")
        if "openid" not in self.oidc_scopes.split():
            raise InputRefused("oidc_scopes", "openid is one of them")
        if self.oidc_new_agents not in ("yes", "no"):
            raise InputRefused("oidc_new_agents", "write yes or no")
        if self.oidc_new_agents == "yes" and not self.roles_by_group:
            raise InputRefused("oidc_new_agents", "with it oidc_roles says who may come in")
        if self.password_logins and not self.oidc_issuer:
            raise InputRefused("password_logins", "without oidc_issuer nobody else could log in")
        self.roles_by_group  # noqa: B018 - read it now, so that a mistake is told at the start

    @property
    def secret_key(self) -> Path | None:
        """The file of the key of secrets; None for the one beside an embedded database."""
        return Path(self.secrets_key_file) if self.secrets_key_file else None

    def _check_database_url(self) -> None:
        """Raise InputRefused for what is no database's address; the sentence never repeats it: it has a password."""
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        for name in ("database_url", "direct_database_url"):
            url = getattr(self, name)
            if not url and name == "direct_database_url":
                continue
            if not _DATABASE_URL.fullmatch(url):
                raise InputRefused(name, _DATABASE_URL_FORMS)
            try:
                make_url(url)
            except (ArgumentError, ValueError):
                raise InputRefused(name, _DATABASE_URL_FORMS) from None
        if "postgresql" not in self.database_url[:10] and self.direct_database_url:
            raise InputRefused("direct_database_url", "it is for a database_url of PostgreSQL alone")

    def _shifts(self) -> "tuple[Shift, ...]":
        from soap_service.rules.calendars import read_shifts

        try:
            if shifts := read_shifts(self.working_hours):
                return shifts
        except InvalidValue:
            pass
        raise InputRefused("working_hours", "write shifts as 08:00-12:00,13:00-18:00, none over another or midnight")

    def _weekdays(self) -> list[int]:
        try:
            return [WEEKDAYS.index(day.strip().lower()) for day in self.working_days.split(",")]
        except ValueError:
            raise InputRefused("working_days", f"choose from {','.join(WEEKDAYS)}") from None

    def _holidays(self) -> "Container[date]":
        from soap_service.rules.calendars import NationalHolidays

        if not self.holidays:
            return ()
        national = NationalHolidays(self.holidays)
        if self.holidays != _COUNTRY:  # whose holidays are known
            try:
                national.load()
            except NotImplementedError:
                raise InputRefused("holidays", f"no holidays are known for {self.holidays!r}") from None
        return national
