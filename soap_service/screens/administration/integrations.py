"""Telephony platforms: their secrets, shown for minutes; from where they call; what they may; when they last did.

A new secret travels to its page in a cookie, sealed with the token of the administrator's log-in: the server keeps its
digest alone, the browser nothing that can be read, and reloading the page makes no other secret.
"""

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, ChangedMeanwhile, IntegrationNotFound, InvalidValue, Reason
from soap_service.language import LANGUAGES, SOURCE_LANGUAGE
from soap_service.model import Integration
from soap_service.rules.credentials import NewSecret, accepts_secret, clean_networks, make_secret
from soap_service.rules.edits import OPERATIONS, IntegrationEdit
from soap_service.rules.sealing import seal, unseal
from soap_service.rules.unknown_budgets import LEAST_AN_HOUR
from soap_service.screens.administration.editing import actor_of, key_of, new_key, warn_of_changes
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import SAVED, declare
from soap_service.screens.visit import Visit
from soap_service.storage.integrations import integration_edit_of

REVOKED = declare("revogada", N_("Integração revogada."))

declare_untyped("como")

#: The cookie that carries a new secret to its page, and how many minutes that shows it.
SECRET_COOKIE = "soap_service_new_secret"  # noqa: S105 - its name
MINUTES_SHOWN = 5
_HERE = "/administracao/integracoes"
_FIELDS = {"addresses": "enderecos", "operations": "operacoes", "language": "idioma"}


def list_integrations(visit: Visit) -> Response:
    """Show every platform with its last use, those that were revoked last."""
    integrations = visit.store.integrations.list_all(include_revoked=True)
    response = visit.render(
        "administration/integrations.html",
        integrations=sorted(integrations, key=lambda one: one.revoked_at is not None),
        uses=visit.store.integrations.list_uses(),
        unknown=visit.store.unknown_asked.read_hour().counted,
        budgets=visit.store.unknown_asked.learn_budgets(),
        least=LEAST_AN_HOUR,
    )
    if visit.cookie(SECRET_COOKIE):
        visit.drop_cookie(response, SECRET_COOKIE, _HERE)
    return response


def start_integration(visit: Visit) -> Response:
    """Show the form of a new platform."""
    chosen = {f"operacao-{name}": "S" for name in OPERATIONS}
    return _integration_page(visit, visit.form(como="segredo", idioma=SOURCE_LANGUAGE, chave=new_key(), **chosen))


def add_integration(visit: Visit) -> Response:
    """Add the platform that was typed and lead to its secret, if it has one."""
    form = visit.form()
    name = form.line("nome", 60, missing=visit.gettext("Informe o nome da integração."))
    if any(not character.isprintable() or character in ': "' for character in name):
        form.refuse("nome", visit.gettext("Escreva o nome sem espaços, aspas nem dois-pontos."))
    edit = _read(visit, form)
    has_secret = form.value("como") != "endereco"
    if not has_secret and not edit.addresses:
        form.refuse("enderecos", visit.explain(Reason.NEEDS_ADDRESSES))
    if form.errors:
        return _integration_page(visit, form, status=422)
    secret = make_secret() if has_secret else None
    salt, digest = (secret.salt, secret.digest) if secret else (None, None)
    given = (name, salt, digest, edit.addresses, edit.operations, edit.language, actor_of(visit), key_of(form))
    try:
        integration = visit.store.integrations.add(*given)
    except AlreadyExists:
        form.refuse("nome", visit.gettext("Já existe ou já existiu uma integração com este nome."))
        return _integration_page(visit, form, status=422)
    if secret is None:
        return visit.redirect("/administracao/integracoes", SAVED)
    return _lead_to_secret(visit, integration.id, secret)


def show_integration(visit: Visit, number: int) -> Response:
    """Show a platform's form."""
    integration = visit.store.integrations.find(number)
    allowed = integration.operations.split() or OPERATIONS
    chosen = {f"operacao-{name}": "S" for name in allowed}
    addresses = "\n".join(integration.addresses.split())
    stamp = integration_edit_of(integration).stamp
    form = visit.form(carimbo=stamp, enderecos=addresses, idioma=integration.language, **chosen)
    return _integration_page(visit, form, integration)


def save_integration(visit: Visit, number: int) -> Response:
    """Save from where and for what a platform may call."""
    form = visit.form()
    edit = _read(visit, form)
    integration = visit.store.integrations.find(number)
    if not form.errors:
        try:
            visit.store.integrations.change(number, edit, form.value("carimbo"), actor_of(visit))
            return visit.redirect("/administracao/integracoes", SAVED)
        except InvalidValue as refusal:
            form.refuse(_FIELDS[str(refusal.key)], visit.explain(refusal.reason))
        except ChangedMeanwhile:
            warn_of_changes(visit, form, _FIELDS, integration_edit_of(visit.store.integrations.find(number)), edit)
            return _integration_page(visit, form, integration, 409, is_outdated=True)
    return _integration_page(visit, form, integration, 422)


def ask_to_renew(visit: Visit, number: int) -> Response:
    """Ask whether the platform shall get a new secret: the old one stops working."""
    return visit.render("administration/renew.html", integration=_active(visit, number))


def renew_secret(visit: Visit, number: int) -> Response:
    """Give the platform a new secret and lead to it."""
    secret = make_secret()
    visit.store.integrations.renew_secret(number, secret.salt, secret.digest, actor_of(visit))
    return _lead_to_secret(visit, number, secret)


def show_secret(visit: Visit, number: int) -> Response:
    """Show a new secret to the administrator who made it, for some minutes; afterwards lead to the platform's page."""
    integration = _active(visit, number)
    sealed = visit.cookie(SECRET_COOKIE)
    secret = unseal(sealed, visit.own_login.form_token, _purpose(number), visit.store.now().timestamp())
    if secret is None or not accepts_secret(integration, secret):
        return visit.redirect(f"{_HERE}/{number}")
    return visit.render("administration/secret.html", integration=integration, secret=secret, minutes=MINUTES_SHOWN)


def ask_to_revoke(visit: Visit, number: int) -> Response:
    """Ask whether the platform shall be refused for ever."""
    return visit.render("administration/revoke.html", integration=_active(visit, number))


def revoke_integration(visit: Visit, number: int) -> Response:
    """Refuse the platform from now on; who presses twice finds it done."""
    integration = visit.store.integrations.find(number)
    if integration.revoked_at is None:
        visit.store.integrations.revoke(integration.name, actor_of(visit))
    return visit.redirect("/administracao/integracoes", REVOKED)


def _active(visit: Visit, number: int) -> Integration:
    integration = visit.store.integrations.find(number)
    if integration.revoked_at is not None:
        raise IntegrationNotFound(number)
    return integration


def _read(visit: Visit, form: Form) -> IntegrationEdit:
    chosen = [name for name in OPERATIONS if form.value(f"operacao-{name}")]
    if not chosen:
        form.refuse("operacoes", visit.gettext("Escolha pelo menos uma operação."))
    addresses = ""
    try:
        addresses = clean_networks(form.text("enderecos", 2000))
    except InvalidValue as refusal:
        form.refuse("enderecos", visit.explain(refusal.reason))
    language = form.choice("idioma", LANGUAGES, visit.gettext("Escolha o idioma."))
    return IntegrationEdit(addresses, "" if len(chosen) == len(OPERATIONS) else " ".join(chosen), language)


def _integration_page(
    visit: Visit, form: Form, integration: Integration | None = None, status: int = 200, *, is_outdated: bool = False
) -> Response:
    return visit.render(
        "administration/integration.html",
        status,
        form=form,
        integration=integration,
        operations=OPERATIONS,
        languages=LANGUAGES.items(),
        is_outdated=is_outdated,
    )


def _lead_to_secret(visit: Visit, number: int, secret: NewSecret) -> Response:
    response = visit.redirect(f"{_HERE}/{number}/segredo/novo")
    seconds = MINUTES_SHOWN * 60
    purpose, until = _purpose(number), int(visit.store.now().timestamp()) + seconds
    sealed = seal(secret.text, visit.own_login.form_token, purpose, until)
    visit.keep_cookie(response, SECRET_COOKIE, sealed, seconds, _HERE, is_strict=True)
    return response


def _purpose(number: int) -> str:
    return f"secret of integration {number}"
