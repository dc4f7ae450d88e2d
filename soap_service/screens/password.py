"""An agent's own password: chosen here, and by whom an administrator gave one before anything else is shown."""

from werkzeug.wrappers import Response

from soap_service.errors import InvalidValue, LimitExceeded, LoginRefused
from soap_service.rules.login_budgets import budgets_of_own_password
from soap_service.rules.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password, hash_password
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.visit import Visit

CHOSEN = declare("senha-escolhida", N_("Senha trocada. Suas outras sessões terminaram."))
PREFERENCES = "/preferencias"

declare_untyped("senha_atual", "senha_de_novo")


def show_password(visit: Visit) -> Response:
    """Show the form in which an agent chooses another password."""
    return _page(visit, visit.form(senha=""))


def save_password(visit: Visit) -> Response:
    """Take the password that the agent chose, who knows the one before; their other log-ins end."""
    form, agent = visit.form(), visit.agent
    if refused := refuse_own_password(visit, form):
        return _page(visit, form, refused)
    if visit.request.form.get("senha") == visit.request.form.get("senha_atual"):
        form.refuse("senha", visit.gettext("Escolha uma senha diferente da atual."))
    password_hash = read_new_password(visit, form, agent.login, agent.name)
    if not password_hash:
        return _page(visit, form, 422)
    visit.store.staff.choose_password(agent.id, password_hash, visit.own_login.id_hash)
    path = visit.return_path()
    return visit.redirect(PREFERENCES if path == "/" and not agent.must_change_password else path, CHOSEN)


def refuse_own_password(visit: Visit, form: Form) -> int:
    """Check the agent's own password (`senha_atual`), as often as its budget lets.

    Return the status of the page that says why it is refused; 0 when it is right.
    """
    tried = budgets_of_own_password(visit.agent.id)
    try:
        visit.store.login_tries.spend(tried)
        check_password(visit.request.form.get("senha_atual", ""), visit.agent.password_hash)
    except LimitExceeded:
        form.refuse("senha_atual", visit.gettext("Muitas tentativas sem sucesso. Aguarde um minuto e tente de novo."))
        return 429
    except LoginRefused:
        form.refuse("senha_atual", visit.gettext("Esta não é a sua senha atual."))
        return 422
    visit.store.login_tries.forgive(tried)
    return 0


def read_new_password(visit: Visit, form: Form, *own: str) -> str:
    """Return the hash of the password that was typed twice; "" when it is refused. It is never shown again.

    `own` is what its agent is called.
    """
    password, again = (visit.request.form.get(name, "")[: LONGEST_PASSWORD + 1] for name in ("senha", "senha_de_novo"))
    if password != again:
        form.refuse("senha", visit.gettext("As duas senhas não são iguais."))
    elif len(password) > LONGEST_PASSWORD:
        form.refuse("senha", visit.gettext("Use no máximo %(longest)d caracteres.") % {"longest": LONGEST_PASSWORD})
    if "senha" in form.errors:
        return ""
    try:
        return hash_password(password, *own)
    except InvalidValue as refusal:
        form.refuse("senha", visit.explain(refusal.reason))
        return ""


def _page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.render("password.html", status, form=form, shortest=SHORTEST_PASSWORD, return_path=visit.return_path())
