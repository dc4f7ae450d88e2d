"""Logging in and out. Knows passwords only as far as `credentials` does; says the same to everybody whom it refuses."""

import hmac
import json
import logging
import secrets
from contextlib import suppress

from werkzeug.wrappers import Response

from soap_service.errors import (
    AgentNotFound,
    LimitExceeded,
    LoginRefused,
    NotFound,
    SecretKeyMissing,
    StoreUnavailable,
)
from soap_service.model import Agent
from soap_service.rate_limit import limited_address
from soap_service.rules.auditing import AuditKind, RecordKind, acting
from soap_service.rules.browsers import browser_of
from soap_service.rules.credentials import FIRST_COMMAND, SESSION_COOKIE, login_cookie, login_digest
from soap_service.rules.login_budgets import budgets_of_code, budgets_of_known, budgets_of_stranger
from soap_service.rules.passwords import check_password
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import LANGUAGES, N_
from soap_service.screens.notices import Notice, declare
from soap_service.screens.requests.resuming import Kept, kept_form
from soap_service.screens.visit import TICKED, Visit
from soap_service.store import CODE_WITHIN, KNOWN_FOR

log = logging.getLogger(__name__)

LOGGED_OUT = declare("saiu", N_("Você saiu do sistema."))

#: Before the log-in there is no session to keep a form token: the form repeats this cookie instead.
FORM_COOKIE = "soap_service_form"
#: What a browser is known by in which somebody has logged in before.
BROWSER_COOKIE = "soap_service_browser"
#: What a browser is known by that has given a password and no code yet.
CODE_COOKIE = "soap_service_code"
#: Where the log-in at the provider of single sign-on is ended.
PROVIDER_LOG_OUT = "/entrar/provedor/saida"
#: What an agent reads whose codes the server cannot check.
CODES_UNREADABLE = N_(
    "O servidor não tem a chave para conferir o código do aplicativo. Use um código de recuperação ou fale com o "
    "administrador."
)
_LONGEST_LOGIN = 60
_ONE_DAY = 24 * 3600

declare_untyped("codigo")


def show_login(visit: Visit) -> Response:
    """Show the log-in form; who is logged in already goes where they wanted."""
    if visit.login is not None:
        return visit.redirect(visit.return_path())
    return _login_page(visit, visit.form(usuario=""))


def log_in(visit: Visit) -> Response:
    """Log an agent in and go where they wanted; the reason of a refusal is never told apart."""
    form = visit.form()
    login = form.line("usuario", _LONGEST_LOGIN)
    if not is_of_login_page(visit):
        sentence = visit.gettext("Esta página ficou aberta por muito tempo. Digite a senha e entre de novo.")
        return _login_page(visit, form, sentence, 403)
    if form.errors:  # longer than any login
        return _login_page(visit, form, visit.gettext("Usuário ou senha incorretos."), 403)
    try:
        agent = _recognise(visit, login, visit.request.form.get("senha", ""))
    except LimitExceeded:
        _record_limit(visit)
        sentence = visit.gettext("Muitas tentativas sem sucesso. Aguarde um minuto e tente de novo.")
        response = _login_page(visit, form, sentence, 429)
        response.headers["Retry-After"] = "60"
        return response
    except LoginRefused:
        return _login_page(visit, form, visit.gettext("Usuário ou senha incorretos."), 403)
    is_kept = form.value("lembrar") == TICKED
    try:
        if agent.second_factor_at is None:
            return enter(visit, agent, is_kept)
        waiting = visit.store.logins.await_code(agent.id, is_kept, agent)
    except LoginRefused:  # the password was changed, or a second factor set up, while this one was checked
        return _login_page(visit, form, visit.gettext("Usuário ou senha incorretos."), 403)
    response = _code_page(visit)
    visit.keep_cookie(response, CODE_COOKIE, waiting, CODE_WITHIN, "/entrar", is_strict=True)
    return response


def show_code(visit: Visit) -> Response:
    """Ask for the code again in a browser that waits for it; any other begins with the password."""
    try:
        visit.store.logins.find_awaiting(visit.cookie(CODE_COOKIE))
    except NotFound:
        return show_login(visit)
    return _code_page(visit)


def check_code(visit: Visit) -> Response:
    """Log an agent in who has given the password and now a code, of the app or for recovery."""
    try:
        if not is_of_login_page(visit):
            raise NotFound
        waiting = visit.store.logins.find_awaiting(visit.cookie(CODE_COOKIE))
    except NotFound:
        sentence = visit.gettext("Esta página ficou aberta por muito tempo. Digite a senha e entre de novo.")
        return _login_page(visit, visit.form(usuario=""), sentence, 403)
    agent = waiting.agent
    browser = _known_browser(visit, agent.login)
    tried = budgets_of_code(agent.id, login_digest(browser) if browser else None)
    try:
        visit.store.login_tries.spend(tried)
        with acting(visit.actor(agent)):
            visit.store.second_factors.accept(agent.id, visit.request.form.get("codigo", "")[:_LONGEST_LOGIN])
    except LimitExceeded:
        _record_limit(visit)
        response = _code_page(
            visit, visit.gettext("Muitas tentativas sem sucesso. Aguarde cinco minutos e tente de novo."), 429
        )
        response.headers["Retry-After"] = "300"
        return response
    except LoginRefused:
        visit.store.audit.note(AuditKind.CODE_REFUSED, RecordKind.AGENT, agent.id)
        return _code_page(visit, visit.gettext("Código incorreto ou já usado. Espere o próximo e tente de novo."), 403)
    except SecretKeyMissing:
        log.error(
            "codes cannot be checked: the key of secrets is not in %s", visit.store.second_factors.secret_key.file
        )
        return _code_page(visit, visit.gettext(CODES_UNREADABLE), 503)
    visit.store.login_tries.forgive(tried)
    visit.store.logins.end_wait(waiting.id_hash)
    try:
        response = enter(visit, agent, waiting.is_kept)
    except LoginRefused:
        sentence = visit.gettext("Esta página ficou aberta por muito tempo. Digite a senha e entre de novo.")
        return _login_page(visit, visit.form(usuario=""), sentence, 403)
    visit.drop_cookie(response, CODE_COOKIE, "/entrar")
    return response


def enter(visit: Visit, agent: Agent, is_kept: bool, path: str = "") -> Response:
    """Log an agent in, until the browser is closed or longer, and go where they wanted; by single sign-on to a path.

    Raises: LoginRefused when the agent is not any more as whom they have proved who they are.
    """
    _end_session(visit)
    limits = visit.premises.login_limits
    must_set_up = not path and agent.second_factor_at is None and agent.role in visit.premises.second_factor_of
    with acting(visit.actor(agent)):
        browser = browser_of(visit.request.headers.get("User-Agent", ""))
        cookie = visit.store.logins.open(agent.id, limits.idle, limits.longest, browser, must_set_up, bool(path), agent)
    if kept := kept_form(visit):
        visit.login = visit.store.logins.find(cookie)
        response = visit.render("requests/resumed.html", kept=kept)
    else:
        response = visit.redirect(path or visit.return_path())
    visit.keep_cookie(response, SESSION_COOKIE, cookie, limits.longest if is_kept else None)
    _know_browser(visit, response, agent)
    return response


def ask_again(visit: Visit, return_path: str, kept: Kept | None) -> Response:
    """Ask whoever posted a form after their log-in had ended to log in again, and carry along the form that is kept."""
    sentence = visit.gettext("Sua sessão terminou. Entre de novo para continuar.")
    if kept is not None:
        sentence = visit.gettext("Sua sessão terminou. Entre de novo: o que você digitou volta ao formulário.")
    notice = Notice(sentence, is_warning=True)
    return _login_page(visit, visit.form(usuario=""), "", 401, kept, notice, return_path)


def is_of_login_page(visit: Visit) -> bool:
    """Tell whether a form was posted from this browser's log-in page, which has no session to keep a token in."""
    form_key = visit.cookie(FORM_COOKIE)
    given = visit.request.form.get("form_token", "")
    return form_key != "" and hmac.compare_digest(form_key.encode(), given.encode())


def log_out(visit: Visit) -> Response:
    """End the log-in of this browser; who has none is out already."""
    is_by_provider = visit.login is not None and visit.login.by_provider and visit.premises.provider is not None
    _end_session(visit)
    response = visit.redirect(PROVIDER_LOG_OUT) if is_by_provider else visit.redirect("/entrar", LOGGED_OUT)
    visit.drop_cookie(response, SESSION_COOKIE)
    if visit.premises.is_https:
        response.delete_cookie(SESSION_COOKIE, path="/")  # of before 0.2.0
    return response


def show_login_times(visit: Visit) -> Response:
    """Tell a script when the log-in ends; to be asked is no use of it."""
    return Response(json.dumps(visit.login_times), content_type="application/json")


def use_login(visit: Visit) -> Response:
    """Have the log-in last longer: somebody clicked or typed on one of its pages."""
    visit.extend_login()
    return show_login_times(visit)


def _recognise(visit: Visit, login: str, password: str) -> Agent:
    """Return the active agent with that password; raises LoginRefused, LimitExceeded.

    A try is counted before the password is checked, so that many at once are no way around the limit.
    """
    tries = visit.store.login_tries
    browser = _known_browser(visit, login)
    tried = budgets_of_known(login_digest(browser), login) if browser else budgets_of_stranger(login, visit.address)
    tries.spend(tried)
    try:
        agent = visit.store.staff.find_agent(login)
    except AgentNotFound:
        agent = None
    try:
        check_password(password, agent.password_hash if agent is not None and agent.is_active else "")
        if agent is None or not _may_use_password(visit, agent):
            raise LoginRefused
    except LoginRefused:
        # What was typed may be a password: it is not recorded, an agent's id is.
        visit.store.audit.note(AuditKind.LOG_IN_REFUSED, RecordKind.AGENT, "" if agent is None else agent.id)
        raise
    tries.forgive(tried)
    return agent


def _may_use_password(visit: Visit, agent: Agent) -> bool:
    allowed = visit.premises.password_logins
    return not allowed or agent.login in allowed


def _known_browser(visit: Visit, login: str) -> str:
    """Return the cookie of a browser in which the agent has logged in before; "" for any other."""
    browser = visit.cookie(BROWSER_COOKIE)
    return browser if browser and visit.store.login_tries.is_known(browser, login) else ""


def _know_browser(visit: Visit, response: Response, agent: Agent) -> None:
    """Have this browser keep a budget of tries of its own for the agent who has just logged in."""
    browser = visit.cookie(BROWSER_COOKIE) or secrets.token_urlsafe(32)
    visit.store.login_tries.know(browser, agent.id)
    visit.keep_cookie(response, BROWSER_COOKIE, browser, KNOWN_FOR, "/entrar", is_strict=True)


def _record_limit(visit: Visit) -> None:
    """Record that log-ins from an address are not even checked, once a minute, however many there are."""
    with suppress(LimitExceeded):
        visit.premises.refusals_recorded.spend(limited_address(visit.address))
        visit.store.audit.note(AuditKind.LOG_INS_LIMITED)


def login_page_saying(visit: Visit, sentence: str, status: int, return_path: str = "") -> Response:
    """Return the log-in page with why somebody was not let in."""
    return _login_page(visit, visit.form(usuario=""), sentence, status, return_path=return_path)


def _login_page(
    visit: Visit,
    form: Form,
    sentence: str = "",
    status: int = 200,
    kept: Kept | None = None,
    notice: Notice | None = None,
    return_path: str = "",
) -> Response:
    form_key = visit.cookie(FORM_COOKIE) or secrets.token_urlsafe(32)
    response = visit.render(
        "login.html",
        status,
        form=form,
        form_key=form_key,
        sentence=sentence,
        return_path=return_path or visit.return_path(),
        languages=LANGUAGES,
        kept=kept or (kept_form(visit) if is_of_login_page(visit) or visit.is_from_here else None),
        notice=notice or visit.notice(),
        has_provider=visit.premises.provider is not None,
        is_password_rare=bool(visit.premises.password_logins),
        first_command="" if _has_agents(visit) else FIRST_COMMAND,
    )
    visit.keep_cookie(response, FORM_COOKIE, form_key, _ONE_DAY, "/entrar", is_strict=True)
    return response


def _code_page(visit: Visit, sentence: str = "", status: int = 200) -> Response:
    form_key = visit.cookie(FORM_COOKIE) or secrets.token_urlsafe(32)
    kept = kept_form(visit) if is_of_login_page(visit) else None
    place = visit.return_path()
    response = visit.render("code.html", status, form_key=form_key, sentence=sentence, return_path=place, kept=kept)
    visit.keep_cookie(response, FORM_COOKIE, form_key, _ONE_DAY, "/entrar", is_strict=True)
    return response


def _has_agents(visit: Visit) -> bool:
    try:
        return visit.store.first_steps.has_agents()
    except StoreUnavailable:
        return True


def _end_session(visit: Visit) -> None:
    cookie, _ = login_cookie(visit.request.cookies, visit.premises.is_https)
    if cookie:
        visit.store.logins.close(cookie)
