"""One visit of a browser: who it is, what it asks, how it is answered. Knows HTTP and the store; no one screen.

Every handler gets a `Visit` and returns a response.
"""

import gettext as catalogues
import hmac
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.utils import cached_property, redirect  # functools' own has one lock for all before Python 3.12
from werkzeug.wrappers import Response

from soap_service.errors import NotFound, Reason, StoreUnavailable
from soap_service.model import Agent, Group, LoginSession, Requester
from soap_service.rules.auditing import Actor, ActorKind, AuditKind, RecordKind
from soap_service.rules.credentials import cookie_name, login_cookie
from soap_service.rules.origins import is_at
from soap_service.rules.roles import Permission
from soap_service.rules.scopes import Scope
from soap_service.screens.bounded_request import BoundedRequest
from soap_service.screens.formats import Formats
from soap_service.screens.forms import Form, is_typed
from soap_service.screens.language import choose_language, translations_of
from soap_service.screens.notices import Notice, notice_of
from soap_service.screens.premises import Premises
from soap_service.screens.reasons import FIGURES, REASONS
from soap_service.storage.scopes import is_restricted
from soap_service.store import Attendance, Choice, Ownership

#: What was chosen on the log-in page; an agent's own choice goes before it.
LANGUAGE_COOKIE = "soap_service_language"
# What scripts fetch: where the log-in has ended they are told so, and not led to the log-in.
_FETCHED = ("/janela", "/sessao")
#: What can be chosen instead of the theme that the browser prefers.
THEMES = ("light", "dark")
#: The choice of an agent for whom single keys do nothing.
KEYS_OFF = "off"
#: What a check box that was ticked says.
TICKED = "S"
# A path of this site in plain ASCII. Browsers read "//", "/\" and "/<tab>/" as the beginning of another site.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class WrongFormToken(Forbidden):
    """A form without this log-in's token: not ours, or older than the log-in."""


class Visit:
    """One request of a browser and what is needed to answer it. What costs a question is asked at first use."""

    def __init__(self, request: BoundedRequest, premises: Premises) -> None:
        self.request, self.premises = request, premises
        self.store = premises.store
        self._persons: set[int] = set()

    @cached_property
    def login(self) -> LoginSession | None:
        """The log-in of this browser, if it has one."""
        cookie, is_former = login_cookie(self.request.cookies, self.premises.is_https)
        try:
            return self.store.logins.find(cookie, is_former) if cookie else None
        except NotFound:
            return None

    def cookie(self, name: str) -> str:
        """Return what this site has put into a cookie of this browser; "" for nothing."""
        return self.request.cookies.get(cookie_name(name, self.premises.is_https), "")

    def keep_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        seconds: timedelta | int | None,
        path: str = "/",
        *,
        is_strict: bool = False,
    ) -> None:
        """Have the browser keep a cookie, so long or, for None, until it is closed; over https for all paths.

        Where desktops show the screens in a frame, the browser keeps one for each desktop, and none of before, which it
        would send first.
        """
        is_https, is_framed = self.premises.is_https, bool(self.premises.framing_origins)
        if is_framed:
            response.delete_cookie(cookie_name(name, is_https), secure=is_https, httponly=True, samesite="None")
        response.set_cookie(
            cookie_name(name, is_https),
            value,
            max_age=seconds,
            path="/" if is_https else path,
            httponly=True,
            samesite="None" if is_framed else "Strict" if is_strict else "Lax",
            secure=is_https,
            partitioned=is_framed,
        )

    def drop_cookie(self, response: Response, name: str, path: str = "/") -> None:
        """Have the browser forget a cookie."""
        is_https, is_framed = self.premises.is_https, bool(self.premises.framing_origins)
        where, kept, same_site = "/" if is_https else path, cookie_name(name, is_https), "None" if is_framed else "Lax"
        for partitioned in {False, is_framed}:
            response.delete_cookie(
                kept, where, secure=is_https, httponly=True, samesite=same_site, partitioned=partitioned
            )

    @cached_property
    def language(self) -> str:
        """The language that the agent has chosen, else this browser before the log-in, else the browser's own."""
        chosen = self.login.agent.language if self.login is not None else ""
        chosen = chosen or self.cookie(LANGUAGE_COOKIE) or self.request.cookies.get(LANGUAGE_COOKIE, "")
        return choose_language(chosen, self.request.accept_languages)

    @property
    def formats(self) -> Formats:
        """How this visit's language writes dates and numbers."""
        return self.premises.pages.formats(self.language)

    def ask_no_more(self) -> None:
        """Answer from here on without the store: what it has not told yet is not asked."""
        if "login" not in self.__dict__:
            self.login = None

    @property
    def own_login(self) -> LoginSession:
        """The log-in of this browser, where it must have one."""
        if self.login is None:
            raise Unauthorized
        return self.login

    @property
    def agent(self) -> Agent:
        """The agent who is logged in."""
        return self.own_login.agent

    @property
    def is_settled(self) -> bool:
        """Whether an agent is logged in who need not choose a password, or set up a second factor, first."""
        return (
            self.login is not None and not self.login.agent.must_change_password and not self.login.must_set_up_factor
        )

    @property
    def address(self) -> str:
        """Where the browser is, as far as the proxies tell."""
        return self.request.remote_addr or ""

    def actor(self, agent: Agent | None = None) -> Actor:
        """Return how the audit names who acts: this agent, else who is logged in, else a visitor."""
        agent = agent or (self.login.agent if self.login is not None else None)
        if agent is None:
            return Actor(ActorKind.VISITOR, address=self.address)
        return Actor(ActorKind.AGENT, agent.login, agent.id, self.address)

    def note_person(self, requester_id: int) -> None:
        """Have the audit know that this page shows a person; however often it says so, once."""
        if requester_id not in self._persons:
            self._persons.add(requester_id)
            self.store.audit.note(AuditKind.PERSON_VIEWED, RecordKind.REQUESTER, requester_id)

    def note_search(self, found: Sequence[Requester]) -> None:
        """Have the audit know that persons were searched for; whom it found is said when it was one."""
        one = found[0].id if len(found) == 1 else ""
        self.store.audit.note(AuditKind.PERSON_SEARCHED, RecordKind.REQUESTER, one)

    def extend_login(self) -> None:
        """Have the log-in last longer, since it is used; a database that cannot be written ends no log-in."""
        login, limits = self.login, self.premises.login_limits
        if login is None:
            return
        last_end = limits.last_end(login.expires_at, login.ends_at)
        expires_at = limits.extended(login.expires_at, last_end, self.store.now())
        if expires_at == login.expires_at:
            return
        with suppress(StoreUnavailable):
            self.store.logins.extend(login.id_hash, expires_at, last_end)
            login.expires_at, login.ends_at = expires_at, last_end

    @property
    def login_times(self) -> dict[str, int | bool]:
        """When the log-in ends, as the script `live/expiry.js` has it: all in seconds from now."""
        login, limits, now = self.login, self.premises.login_limits, self.store.now()
        if login is None:
            raise Unauthorized
        last_end = limits.last_end(login.expires_at, login.ends_at)
        since_use = min(now + limits.idle, last_end) - login.expires_at
        return {
            "left": math.ceil((login.expires_at - now).total_seconds()),
            "warning": int(limits.warning.total_seconds()),
            "untilUseCounts": max(0, math.ceil((limits.between_uses - since_use).total_seconds())),
            "isExtensible": last_end - login.expires_at >= limits.between_uses,
        }

    @cached_property
    def choices(self) -> Mapping[str, str]:
        """What the agent has chosen for themselves, by `Choice`; nothing before the log-in."""
        return {} if self.login is None else self.store.choices.list_of(self.agent.id)

    @property
    def theme(self) -> str:
        """The theme that the agent has chosen; "" for that of the browser."""
        chosen = self.choices.get(Choice.THEME, "")
        return chosen if chosen in THEMES else ""

    @property
    def has_keys(self) -> bool:
        """Whether single keys do something on this agent's pages."""
        return self.choices.get(Choice.KEYS) != KEYS_OFF

    def may(self, permission: Permission) -> bool:
        """Tell whether the agent's role has a permission."""
        return self.agent.may(permission)

    @cached_property
    def scope(self) -> Scope | None:
        """Which requests the agent sees; None for all."""
        return self.store.scopes.find(self.agent.id) if is_restricted(self.agent) else None

    @cached_property
    def attendance(self) -> Attendance:
        """How the agent stands: extension, pause, missed calls."""
        return self.store.attendance.find(self.agent.id)

    @property
    def extension(self) -> str | None:
        """The agent's extension, if any."""
        return self.attendance.extension

    @property
    def attendance_state(self) -> str:
        """Whether the agent takes calls, in a word as the pages' `data-when` have it: none, paused or active."""
        if self.extension is None:
            return "none"
        return "paused" if self.attendance.paused_at else "active"

    @property
    def groups(self) -> Sequence[Group]:
        """The groups that the agent belongs to, by name."""
        return self.agent.groups

    @property
    def may_execute_any(self) -> bool:
        """Whether the agent may execute the requests of their groups."""
        return self.may(Permission.WORK) and any(group.may_execute for group in self.groups)

    @cached_property
    def is_telephony_off(self) -> bool:
        """Whether to tell an administrator that parameter 281 is N."""
        return self.may(Permission.ADMINISTER) and not self.store.first_steps.is_telephony_on()

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the desk, in which days begin and times are shown."""
        return self.premises.pages.zone

    @property
    def end_of_day(self) -> datetime:
        """When the desk's day is over."""
        today = self.store.now().astimezone(self.zone).date()
        return datetime.combine(today + timedelta(days=1), time(), self.zone)

    @cached_property
    def lost_extensions(self) -> Sequence[Ownership]:
        """The extensions that others took over from the agent, who has not said to have seen it."""
        return self.store.extensions.list_taken_from(self.agent.id)

    @cached_property
    def translations(self) -> catalogues.NullTranslations:
        """The translations into this visit's language."""
        return translations_of(self.language)

    def gettext(self, sentence: str) -> str:
        """Return a sentence in this visit's language."""
        return self.translations.gettext(sentence) if sentence else ""

    def explain(self, reason: Reason | None) -> str:
        """Return why a value is refused in this visit's language; "" for no reason."""
        return "" if reason is None else self.gettext(REASONS[reason]) % FIGURES

    def form(self, **prefilled: str) -> Form:
        """Return the form that was posted, or a new one with those values."""
        return Form(prefilled or self.request.form.to_dict(), self.gettext)

    @property
    def here(self) -> str:
        """The address of this page, without its notice."""
        return _with_query(quote(self.request.path) + "?" + self.request.query_string.decode("ascii", "ignore"))

    def return_path(self) -> str:
        """Return where the visitor asked to go afterwards (`para`); home unless it is a path of this site."""
        path = self.request.form.get("para") or self.request.args.get("para") or ""
        return path if _LOCAL_PATH.fullmatch(path) else "/"

    def notice(self) -> Notice | None:
        """Return the notice that the address asks for, if a screen declared it."""
        return notice_of(self, self.request.args.get("aviso", ""))

    def render(self, template: str, status: int = 200, **values: object) -> Response:
        """Answer with a page that has the bar of the logged-in agent, if there is one."""
        if "notice" not in values:
            values["notice"] = self.notice()
        return self._html(template, status, {"visit": self, "has_bar": self.is_settled, **values})

    def render_alone(self, template: str, status: int, **values: object) -> Response:
        """Answer with a page that asks the store nothing, for when it cannot be asked."""
        return self._html(template, status, {"visit": self, "has_bar": False, "notice": None, **values})

    def _html(self, template: str, status: int, values: dict[str, object]) -> Response:
        page = self.premises.pages.render(self.language, template, values)
        return Response(page, status, content_type="text/html; charset=utf-8")

    def redirect(self, path: str, notice: str = "") -> Response:
        """Send the browser to a page of this site, by GET, with a notice."""
        return redirect(_with_query(path, notice), 303)

    def ask_to_log_in(self) -> Response:
        """Send a page's visitor to the log-in and back; tell a form or a script that the log-in has ended."""
        if self.request.method in ("GET", "HEAD") and not self.request.path.endswith(_FETCHED):
            return self.redirect(login_path(self.here))
        raise Unauthorized

    def check_frame(self) -> None:
        """Refuse a post whose Origin is not this site, where others may show ours; raises WrongFormToken.

        There cookies come along from other sites: SameSite keeps nothing out.
        """
        if self.request.method == "POST" and self.premises.framing_origins:
            origin = self.request.headers.get("Origin")
            if origin is None or not origin.startswith("https:") or not self._is_here(origin):  # a frame needs https
                raise WrongFormToken

    def check_form_token(self) -> None:
        """Refuse a post that does not carry the token of this log-in; raises WrongFormToken."""
        given = self.request.headers.get("X-Form-Token") or self.request.form.get("form_token", "")
        if self.login is None or not hmac.compare_digest(given.encode(), self.login.form_token.encode()):
            raise WrongFormToken

    @property
    def is_from_here(self) -> bool | None:
        """Whether a page of this site sent the request; None if the browser does not say.

        Over plain HTTP browsers leave Sec-Fetch-Site out, and say the origin of a post.
        """
        site, origin = self.request.headers.get("Sec-Fetch-Site"), self.request.headers.get("Origin")
        if site is not None:
            return site == "same-origin"
        if origin is None:
            return None
        return self._is_here(origin)

    def _is_here(self, origin: str) -> bool:
        hosts = (self.request.headers.get("Host", ""), urlsplit(self.premises.endpoint_url).netloc)
        return any(is_at(origin, host) for host in hosts)

    def typed_texts(self) -> list[str]:
        """Return what was typed into a form that cannot be taken, to be copied from the page that says so.

        Nothing for a form that another site posted: its words are not the visitor's.
        """
        if self.request.method != "POST" or self.is_from_here is False:
            return []
        typed = [text for name, text in self.request.form.items() if is_typed(name) and text.strip()]
        return [text for text in typed if text != TICKED]


def login_path(return_path: str) -> str:
    """Return the address of the log-in that goes back to a page."""
    return "/entrar?" + urlencode({"para": return_path})


def _with_query(path: str, notice: str = "") -> str:
    parts = urlsplit(path)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "aviso"]
    if notice:
        query.append(("aviso", notice))
    return parts.path + ("?" + urlencode(query) if query else "")
