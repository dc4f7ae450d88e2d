"""Single sign-on: to the provider and back. Who an identity is, the store knows; what the provider says, `Provider`."""

import logging
from contextlib import suppress
from dataclasses import replace

from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response

from soap_service.errors import (
    AlreadyExists,
    LastAdministrator,
    LimitExceeded,
    LoginRefused,
    NotFound,
    ProviderAway,
    SignOnCancelled,
    SignOnRefused,
)
from soap_service.model import Agent
from soap_service.rate_limit import limited_address
from soap_service.rules.auditing import AuditKind, RecordKind, acting
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Identity, Provider, SignOn, role_of_groups
from soap_service.screens.access import LOGGED_OUT, enter, login_page_saying
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.storage.staff import agent_edit_of
from soap_service.store import SIGN_ON_WITHIN

log = logging.getLogger(__name__)

BEGIN = "/entrar/provedor"
RETURN = "/entrar/provedor/volta"
SIGN_ON_COOKIE = "soap_service_sign_on"
_HISTORY = "OpenID Connect"

_AWAY = N_("O provedor de acesso da empresa não respondeu. Aguarde um instante e tente de novo.")
_REFUSED = N_("O acesso pela conta da empresa não pôde ser confirmado. Tente de novo.")
_CANCELLED = N_("O acesso foi cancelado ou negado no provedor da empresa.")
_NOT_JOINED = N_("A sua conta da empresa ainda não está ligada a um atendente. Peça ao administrador que a ligue.")
_NO_ROLE = N_("A sua conta da empresa não tem acesso a este sistema.")


def begin_sign_on(visit: Visit) -> Response:
    """Send the browser to the provider."""
    provider, path = _provider(visit), visit.return_path()
    if visit.login is not None:
        return visit.redirect(path)
    try:
        visit.premises.sign_ons_begun.spend(limited_address(visit.address))
        address, begun = provider.begin(path)
    except LimitExceeded:
        sentence = visit.gettext("Muitas tentativas sem sucesso. Aguarde um minuto e tente de novo.")
        return login_page_saying(visit, sentence, 429)
    except ProviderAway:
        return _page_of_away(visit, path)
    response = Response(status=303, headers={"Location": address})
    cookie = visit.store.identities.begin(begun)
    visit.keep_cookie(response, SIGN_ON_COOKIE, cookie, SIGN_ON_WITHIN, "/entrar")
    return response


def finish_sign_on(visit: Visit) -> Response:
    """Log in whom the provider vouches for, if the identity is an agent's."""
    provider, path = _provider(visit), "/"
    try:
        begun = _take_begun(visit)
        path = begun.return_path
        agent = _agent_of(visit, provider, provider.finish(begun, visit.request.args))
        response = enter(visit, agent, is_kept=False, path=path)
    except NotFound:
        with suppress(LimitExceeded):  # anybody may come as often as they like
            visit.premises.refusals_recorded.spend(("sign-on", limited_address(visit.address)))
            log.warning("single sign-on refused: this browser has begun none, or long ago")
            visit.store.audit.note(AuditKind.LOG_IN_REFUSED, RecordKind.AGENT)
        response = login_page_saying(visit, visit.gettext(_REFUSED), 403)
    except (SignOnRefused, LoginRefused) as refusal:
        log.warning("single sign-on refused: %s", refusal.key or "the agent has changed meanwhile")
        response = _refusal(visit, _REFUSED)
    except SignOnCancelled:
        response = login_page_saying(visit, visit.gettext(_CANCELLED), 403)
    except ProviderAway:
        response = _page_of_away(visit, path)
    except _NotLetInError as refusal:
        response = _refusal(visit, str(refusal))
    visit.drop_cookie(response, SIGN_ON_COOKIE, "/entrar")
    return response


def leave_provider(visit: Visit) -> Response:
    """Lead to where the log-in at the provider is ended: on a shared machine it would let the next person in.

    A page leads there, and no redirect: browsers hold the form's policy against one that follows a form.
    """
    try:
        address = _provider(visit).log_out_address()
    except ProviderAway:
        address = ""
    if not address:
        return visit.redirect("/entrar", LOGGED_OUT)
    response = visit.render("leaving.html", address=address)
    response.headers["Refresh"] = f"0; url={address}"
    return response


def _take_begun(visit: Visit) -> SignOn:
    """Return what this browser was sent away with.

    Raises: NotFound; SignOnRefused for an answer that says something twice. Source: RFC 6749, 3.1.
    """
    if not (cookie := visit.cookie(SIGN_ON_COOKIE)):
        raise NotFound
    begun = visit.store.identities.take(cookie)
    if any(len(values) > 1 for _, values in visit.request.args.lists()):
        raise SignOnRefused("the answer says something twice")
    return begun


class _NotLetInError(Exception):
    """The identity is good, and lets nobody in; the text is why."""


def _agent_of(visit: Visit, provider: Provider, identity: Identity) -> Agent:
    """Return the active agent of an identity, with the role that its groups give; raises _NotLetInError."""
    role = role_of_groups(identity.groups, provider.roles)
    if provider.roles and role is None:
        raise _NotLetInError(_NO_ROLE)
    try:
        agent = visit.store.identities.find_agent(identity)
    except NotFound:
        if not provider.makes_agents or role is None:
            raise _NotLetInError(_NOT_JOINED) from None
        try:
            return visit.store.identities.add_agent(identity, role)
        except (AlreadyExists, NotFound):  # somebody is called so here: an administrator decides
            raise _NotLetInError(_NOT_JOINED) from None
    if not agent.is_active:
        raise _NotLetInError(_NO_ROLE)
    return agent if role is None else _with_role(visit, agent, role)


def _with_role(visit: Visit, agent: Agent, role: Role) -> Agent:
    """Give an agent the role that the provider says; the last administrator stays one."""
    if agent.role is role:
        return agent
    staff = visit.store.staff
    edit = agent_edit_of(staff.find_agent_by_id(agent.id))
    try:
        with acting(visit.actor(agent)):
            staff.change_agent(agent.id, replace(edit, role=role), edit.stamp, _HISTORY)
    except LastAdministrator:
        log.warning("agent %s stays administrator: there is no other", agent.login)
    return staff.find_agent_by_id(agent.id)


def _refusal(visit: Visit, sentence: str) -> Response:
    visit.store.audit.note(AuditKind.LOG_IN_REFUSED, RecordKind.AGENT)
    return login_page_saying(visit, visit.gettext(sentence), 403)


def _page_of_away(visit: Visit, path: str) -> Response:
    response = login_page_saying(visit, visit.gettext(_AWAY), 503, path)
    response.headers["Retry-After"] = "5"
    return response


def _provider(visit: Visit) -> Provider:
    if visit.premises.provider is None:
        raise PageNotFound
    return visit.premises.provider
