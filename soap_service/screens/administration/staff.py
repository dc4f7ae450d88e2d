"""Agents and groups: who logs in, who administers, who may execute."""

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, ChangedMeanwhile, LastAdministrator
from soap_service.rules.credentials import draw_typed_secret
from soap_service.rules.edits import AgentEdit, GroupEdit
from soap_service.rules.passwords import SHORTEST_PASSWORD, hash_password
from soap_service.rules.roles import Role
from soap_service.screens.administration.editing import ROWS_SHOWN, actor_of, flag, key_of, new_key, warn_of_changes
from soap_service.screens.administration.roles import ROLES
from soap_service.screens.forms import Form
from soap_service.screens.language import N_
from soap_service.screens.notices import SAVED, declare
from soap_service.screens.password import read_new_password
from soap_service.screens.visit import Visit
from soap_service.storage.staff import agent_edit_of, group_edit_of

PASSWORD_CHANGED = declare("senha-trocada", N_("Senha trocada. As sessões abertas do atendente terminaram."))

SECOND_FACTOR_REMOVED = declare(
    "segundo-fator-removido", N_("Segundo fator removido. As sessões abertas do atendente terminaram.")
)

_LONGEST_ID = 10

_AGENT_FIELDS = {"name": "nome", "role": "papel", "is_active": "ativo", "groups": "grupos"}
_GROUP_FIELDS = {"name": "nome", "may_execute": "executa", "sees_all": "ve_todas"}


def list_staff(visit: Visit) -> Response:
    """Show the agents, some at a time, and every group."""
    after = visit.request.args.get("depois", "")
    agents = visit.store.staff.list_agents(after, ROWS_SHOWN)
    return visit.render(
        "administration/staff.html",
        agents=agents,
        groups=visit.store.staff.list_groups(),
        roles=ROLES,
        after=after,
        next=agents[-1].login if len(agents) == ROWS_SHOWN else "",
    )


def start_agent(visit: Visit) -> Response:
    """Show the form of a new agent."""
    return _agent_page(visit, visit.form(papel=Role.AGENT, ativo="S", chave=new_key()))


def add_agent(visit: Visit) -> Response:
    """Add the agent that was typed, with the password given or, for none, one that is drawn and shown once."""
    form = visit.form()
    login = form.line("login", 60, missing=visit.gettext("Informe o usuário com que o atendente entra."))
    edit = _read_agent(visit, form)
    if " " in login:
        form.refuse("login", visit.gettext("Escreva o usuário sem espaços."))
    drawn, password_hash = ("", "") if form.errors else _read_or_draw(visit, form, login, edit.name)
    if password_hash:
        try:
            given = (login, edit.name, password_hash, edit.groups, edit.role)
            agent = visit.store.staff.add_agent(*given, actor_of(visit), key_of(form), must_change=True)
            if drawn and agent.password_hash == password_hash:  # else it was posted twice: the first one counts
                return _drawn_page(visit, login, drawn)
            return visit.redirect("/administracao/atendentes", SAVED)
        except AlreadyExists:
            form.refuse("login", visit.gettext("Já existe um atendente com este usuário."))
    return _agent_page(visit, form, status=422)


def show_agent(visit: Visit, number: int) -> Response:
    """Show an agent's form."""
    edit = agent_edit_of(visit.store.staff.find_agent_by_id(number))
    return _agent_page(visit, _agent_form(visit, edit), number)


def save_agent(visit: Visit, number: int) -> Response:
    """Save an agent; the last active administrator stays one."""
    form = visit.form()
    edit = _read_agent(visit, form)
    if form.errors:
        return _agent_page(visit, form, number, 422)
    try:
        visit.store.staff.change_agent(number, edit, form.value("carimbo"), actor_of(visit))
    except LastAdministrator:
        name = "papel" if edit.is_active else "ativo"
        form.refuse(
            name, visit.gettext("Este é o último administrador ativo. Antes, torne outro atendente administrador.")
        )
        return _agent_page(visit, form, number, 422)
    except ChangedMeanwhile:
        warn_of_changes(visit, form, _AGENT_FIELDS, agent_edit_of(visit.store.staff.find_agent_by_id(number)), edit)
        return _agent_page(visit, form, number, 409, is_outdated=True)
    return visit.redirect("/administracao/atendentes", SAVED)


def lead_to_agent(visit: Visit, number: int) -> Response:
    """Lead to the page on which an agent's password is set."""
    return visit.redirect(f"/administracao/atendentes/{number}")


def save_password(visit: Visit, number: int) -> Response:
    """Give another agent a password, drawn when none is typed, that they must change; their log-ins end.

    One's own has a page that asks for it.
    """
    if number == visit.agent.id:
        return visit.redirect("/preferencias/senha")
    agent = visit.store.staff.find_agent_by_id(number)
    form = visit.form()
    drawn, password_hash = _read_or_draw(visit, form, agent.login, agent.name)
    if password_hash:
        visit.store.staff.set_password(agent.login, password_hash, actor_of(visit), must_change=True)
        if drawn:
            return _drawn_page(visit, agent.login, drawn)
        return visit.redirect("/administracao/atendentes", PASSWORD_CHANGED)
    shown = _agent_form(visit, agent_edit_of(agent))
    shown.errors = form.errors
    return _agent_page(visit, shown, number, 422)


def remove_second_factor(visit: Visit, number: int) -> Response:
    """Take the second factor from another agent, who has lost theirs; one's own has a page of its own."""
    if number == visit.agent.id:
        return visit.redirect("/preferencias/segundo-fator")
    visit.store.second_factors.remove(visit.store.staff.find_agent_by_id(number).id)
    return visit.redirect(f"/administracao/atendentes/{number}", SECOND_FACTOR_REMOVED)


def change_identities(visit: Visit, number: int) -> Response:
    """Join an identity of single sign-on that waits to an agent, or take one from them."""
    form = visit.request.form
    for name, change in (("ligar", visit.store.identities.join), ("desligar", visit.store.identities.separate)):
        if (chosen := form.get(name, "")).isdecimal() and len(chosen) < _LONGEST_ID:
            change(int(chosen), visit.store.staff.find_agent_by_id(number).id)
    return visit.redirect(f"/administracao/atendentes/{number}", SAVED)


def start_group(visit: Visit) -> Response:
    """Show the form of a new group."""
    return _group_page(visit, visit.form(executa="S", ve_todas="S", chave=new_key()))


def add_group(visit: Visit) -> Response:
    """Add the group that was typed."""
    form = visit.form()
    edit = _read_group(visit, form)
    if not form.errors:
        try:
            visit.store.staff.add_group(edit.name, edit.may_execute, actor_of(visit), key_of(form), edit.sees_all)
            return visit.redirect("/administracao/atendentes", SAVED)
        except AlreadyExists:
            form.refuse("nome", visit.gettext("Já existe um grupo com este nome."))
    return _group_page(visit, form, status=422)


def show_group(visit: Visit, number: int) -> Response:
    """Show a group's form and its members."""
    edit = group_edit_of(visit.store.staff.find_group(number))
    flags = {"executa": flag(edit.may_execute), "ve_todas": flag(edit.sees_all)}
    return _group_page(visit, visit.form(nome=edit.name, carimbo=edit.stamp, **flags), number)


def save_group(visit: Visit, number: int) -> Response:
    """Save a group."""
    form = visit.form()
    edit = _read_group(visit, form)
    if form.errors:
        return _group_page(visit, form, number, 422)
    try:
        visit.store.staff.change_group(number, edit, form.value("carimbo"), actor_of(visit))
    except AlreadyExists:
        form.refuse("nome", visit.gettext("Já existe um grupo com este nome."))
        return _group_page(visit, form, number, 422)
    except ChangedMeanwhile:
        warn_of_changes(visit, form, _GROUP_FIELDS, group_edit_of(visit.store.staff.find_group(number)), edit)
        return _group_page(visit, form, number, 409, is_outdated=True)
    return visit.redirect("/administracao/atendentes", SAVED)


def _read_or_draw(visit: Visit, form: Form, *own: str) -> tuple[str, str]:
    """Return the password that was drawn, "" when one was typed, and the hash of either, "" when it is refused."""
    if form.value("senha") or form.value("senha_de_novo"):
        return "", read_new_password(visit, form, *own)
    drawn = draw_typed_secret()
    return drawn, hash_password(drawn, *own)


def _drawn_page(visit: Visit, login: str, password: str) -> Response:
    return visit.render("administration/drawn_password.html", login=login, password=password)


def _read_agent(visit: Visit, form: Form) -> AgentEdit:
    role = form.choice("papel", [*Role], visit.gettext("Escolha o papel."))
    chosen = [group.name for group in visit.store.staff.list_groups() if form.value(f"grupo-{group.id}")]
    return AgentEdit(
        name=form.line("nome", 200, missing=visit.gettext("Informe o nome do atendente.")),
        role=Role(role) if role in [*Role] else Role.AGENT,
        is_active=form.value("ativo") == "S",
        groups=tuple(sorted(chosen)),
    )


def _read_group(visit: Visit, form: Form) -> GroupEdit:
    name = form.line("nome", 100, missing=visit.gettext("Informe o nome do grupo."))
    return GroupEdit(name, form.value("executa") == "S", form.value("ve_todas") == "S")


def _agent_form(visit: Visit, edit: AgentEdit) -> Form:
    chosen = {f"grupo-{group.id}": "S" for group in visit.store.staff.list_groups() if group.name in edit.groups}
    return visit.form(nome=edit.name, carimbo=edit.stamp, papel=edit.role, ativo=flag(edit.is_active), **chosen)


def _agent_page(visit: Visit, form: Form, number: int = 0, status: int = 200, *, is_outdated: bool = False) -> Response:
    agent = visit.store.staff.find_agent_by_id(number) if number else None
    return visit.render(
        "administration/agent.html",
        status,
        form=form,
        number=number,
        login=agent.login if agent else "",
        second_factor_at=agent.second_factor_at if agent else None,
        identities=visit.store.identities.list_of(number) if number else [],
        waiting=visit.store.identities.list_waiting() if number else [],
        has_provider=visit.premises.provider is not None,
        groups=visit.store.staff.list_groups(),
        roles=[(str(role), visit.gettext(words)) for role, words in ROLES.items()],
        is_outdated=is_outdated,
        shortest=SHORTEST_PASSWORD,
    )


def _group_page(visit: Visit, form: Form, number: int = 0, status: int = 200, *, is_outdated: bool = False) -> Response:
    return visit.render(
        "administration/group.html",
        status,
        form=form,
        number=number,
        members=visit.store.staff.list_members(number) if number else [],
        is_outdated=is_outdated,
    )
