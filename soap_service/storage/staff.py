"""Agents and groups as administrators change them. Knows what a log-in and an extension are; nothing of requests."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, selectinload

from soap_service.errors import AgentNotFound, AlreadyExists, LastAdministrator, NotFound
from soap_service.model import Agent, Group, LoginSession, Membership, PendingLogin
from soap_service.rules.edits import AgentEdit, GroupEdit
from soap_service.rules.roles import Permission, Role
from soap_service.storage.extensions import give_up_extension
from soap_service.storage.history import COMMAND, is_recorded, is_to_be_made, record, refuse_taken
from soap_service.storage.logins import check_login, end_logins, end_some_logins
from soap_service.storage.part import Part


class Staff(Part):
    """Adding and changing agents and groups. Of a password only its hash comes here, and into no history."""

    def find_agent(self, login: str) -> Agent:
        """Return the agent with that login, active or not; raises AgentNotFound."""
        with self._database.reading() as session:
            return agent_of(session, login)

    def set_language(self, agent_id: int, language: str) -> None:
        """Give the agent a language; the empty one is that of their browser."""
        with self._database.writing() as session:
            session.execute(update(Agent).where(Agent.id == agent_id).values(language=language))

    def add_agent(
        self,
        login: str,
        name: str,
        password_hash: str,
        groups: Sequence[str] = (),
        role: Role = Role.AGENT,
        actor: str = COMMAND,
        form_key: str | None = None,
        must_change: bool = False,
    ) -> Agent:
        """Add an agent to groups that exist, who `must_change` the password at the first log-in or keeps it.

        A second post of the same form finds the first one's.

        Raises: AlreadyExists with the login, NotFound with a group's name.
        """
        edit = AgentEdit(name, role, is_active=True, groups=tuple(groups))
        self._database.retrying(lambda: self._add_agent(login, edit, password_hash, actor, form_key, must_change))
        return self.find_agent(login)

    def _add_agent(
        self, login: str, edit: AgentEdit, password_hash: str, actor: str, form_key: str | None, must_change: bool
    ) -> None:
        with self._database.writing() as session:
            if session.scalar(select(Agent.id).where(Agent.login == login)) is not None:
                if is_recorded(session, form_key):
                    return
                raise AlreadyExists(login)
            agent = Agent(
                login=login,
                name=edit.name,
                password_hash=password_hash,
                must_change_password=must_change,
                role=edit.role,
                groups=_groups(session, edit.groups),
            )
            session.add(agent)
            session.flush()
            now = self._database.now()
            record(session, now, actor, "agent", "added", login, origin_key=form_key, record_id=agent.id)

    def find_agent_by_id(self, agent_id: int) -> Agent:
        """Return an agent, active or not, with their groups; raises AgentNotFound."""
        with self._database.reading() as session:
            return _agent(session, agent_id)

    def change_agent(self, agent_id: int, edit: AgentEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change an agent; who is no longer active is logged out, and they or who may no longer work has no extension.

        Raises: AgentNotFound; NotFound with a group's name; LastAdministrator; ChangedMeanwhile when it is no longer
        the one with that stamp.
        """
        with self._database.writing(notifies=True) as session:
            _lock_administrators(session)
            agent = _agent(session, agent_id, is_changed=True)
            before = agent_edit_of(agent)
            if not is_to_be_made(edit, before, stamp, "agent"):
                return
            agent.groups = _groups(session, edit.groups)
            agent.name, agent.role = edit.name, edit.role
            if not agent.may(Permission.WORK):
                give_up_extension(session, agent.id, self._database.now())
            self._set_active(session, agent, edit.is_active)
            _check_administrators(session, agent, before)
            now, changed = self._database.now(), before.differences(edit)
            record(session, now, actor, "agent", "changed", agent.login, changed, record_id=agent.id)

    def disable_agent(self, login: str, actor: str = COMMAND) -> None:
        """Refuse the agent from now on: log-ins ended, extension given up; raises AgentNotFound, LastAdministrator."""
        with self._database.writing(notifies=True) as session:
            _lock_administrators(session)
            agent = agent_of(session, login)
            before = agent_edit_of(agent)
            self._set_active(session, agent, is_active=False)
            _check_administrators(session, agent, before)
            now, changed = self._database.now(), before.differences(agent_edit_of(agent))
            record(session, now, actor, "agent", "changed", login, changed, record_id=agent.id)

    def set_password(self, login: str, password_hash: str, actor: str = COMMAND, must_change: bool = False) -> None:
        """Give the agent a new password, which they `must_change` or keep, and end their log-ins.

        Raises: AgentNotFound.
        """
        with self._database.writing(notifies=True) as session:
            agent = agent_of(session, login)
            agent.password_hash, agent.must_change_password = password_hash, must_change
            end_logins(session, agent.id, "password", self._database.now())
            record(session, self._database.now(), actor, "agent", "password", login, record_id=agent.id)

    def choose_password(self, agent_id: int, password_hash: str, login: bytes) -> None:
        """Give an agent the password that they chose in the log-in with that digest, and end their other log-ins.

        Raises: AgentNotFound; NotFound when that log-in has ended.
        """
        with self._database.writing(notifies=True) as session:
            agent = _agent(session, agent_id, is_changed=True)
            check_login(session, login)
            agent.password_hash, agent.must_change_password = password_hash, False
            now = self._database.now()
            session.execute(delete(PendingLogin).where(PendingLogin.agent_id == agent_id))
            end_some_logins(session, agent_id, LoginSession.id_hash != login, "password", now)
            actor = f"{agent.name} ({agent.login})"[:200]
            record(session, now, actor, "agent", "password", agent.login, record_id=agent_id)

    def list_agents(self, after: str = "", limit: int | None = None) -> Sequence[Agent]:
        """Return the agents with their groups, by login: all, or some of those after a login."""
        query = select(Agent).where(Agent.login > after).options(selectinload(Agent.groups)).order_by(Agent.login)
        with self._database.reading() as session:
            return session.scalars(query.limit(limit)).all()

    def add_group(
        self,
        name: str,
        may_execute: bool,
        actor: str = COMMAND,
        form_key: str | None = None,
        sees_all: bool = True,
    ) -> Group:
        """Add a group of agents; a second post of the same form finds the first one's. Raises AlreadyExists."""
        edit = GroupEdit(name, may_execute, sees_all)
        return self.find_group(self._database.retrying(lambda: self._add_group(edit, actor, form_key)))

    def _add_group(self, edit: GroupEdit, actor: str, form_key: str | None) -> int:
        with self._database.writing() as session:
            existing = session.scalar(select(Group.id).where(Group.name == edit.name))
            if existing is not None:
                if is_recorded(session, form_key):
                    return existing
                raise AlreadyExists(edit.name)
            group = Group(name=edit.name, may_execute=edit.may_execute, sees_all=edit.sees_all)
            session.add(group)
            session.flush()
            now = self._database.now()
            record(session, now, actor, "group", "added", edit.name, origin_key=form_key, record_id=group.id)
            return group.id

    def find_group(self, group_id: int) -> Group:
        """Return a group; raises NotFound."""
        with self._database.reading() as session:
            return _group(session, group_id)

    def list_groups(self) -> Sequence[Group]:
        """Return all groups, by name."""
        with self._database.reading() as session:
            return session.scalars(select(Group).order_by(Group.name)).all()

    def list_members(self, group_id: int) -> Sequence[Agent]:
        """Return the agents of a group, by name."""
        query = select(Agent).join(Membership, Membership.agent_id == Agent.id).where(Membership.group_id == group_id)
        with self._database.reading() as session:
            return session.scalars(query.order_by(Agent.name)).all()

    def change_group(self, group_id: int, edit: GroupEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change a group. Raises: NotFound; AlreadyExists; ChangedMeanwhile when it is no longer the one stamped so."""
        self._database.retrying(lambda: self._change_group(group_id, edit, stamp, actor))

    def _change_group(self, group_id: int, edit: GroupEdit, stamp: str, actor: str) -> None:
        with self._database.writing() as session:
            group = _group(session, group_id, is_changed=True)
            before = group_edit_of(group)
            if not is_to_be_made(edit, before, stamp, "group"):
                return
            if edit.name != before.name:
                refuse_taken(session, Group.name, edit.name)
            group.name, group.may_execute, group.sees_all = edit.name, edit.may_execute, edit.sees_all
            now, changed = self._database.now(), before.differences(edit)
            record(session, now, actor, "group", "changed", before.name, changed, record_id=group_id)

    def _set_active(self, session: Session, agent: Agent, is_active: bool) -> None:
        agent.is_active = is_active
        if not is_active:
            end_logins(session, agent.id, "disabled", self._database.now())
            give_up_extension(session, agent.id, self._database.now())


def agent_of(session: Session, login: str) -> Agent:
    """Return an agent with their groups within a session; raises AgentNotFound."""
    agent = session.scalar(select(Agent).where(Agent.login == login).options(selectinload(Agent.groups)))
    if agent is None:
        raise AgentNotFound(login)
    return agent


def agent_edit_of(agent: Agent) -> AgentEdit:
    """Return what can be changed of an agent who was loaded with their groups."""
    return AgentEdit(agent.name, agent.role, agent.is_active, tuple(sorted(group.name for group in agent.groups)))


def group_edit_of(group: Group) -> GroupEdit:
    """Return what can be changed of a group."""
    return GroupEdit(group.name, group.may_execute, group.sees_all)


def _agent(session: Session, agent_id: int, is_changed: bool = False) -> Agent:
    query = select(Agent).where(Agent.id == agent_id).options(selectinload(Agent.groups))
    agent = session.scalar(query.with_for_update() if is_changed else query)
    if agent is None:
        raise AgentNotFound(agent_id)
    return agent


def _group(session: Session, group_id: int, is_changed: bool = False) -> Group:
    group = session.get(Group, group_id, with_for_update=is_changed or None)
    if group is None:
        raise NotFound(group_id)
    return group


def _groups(session: Session, names: Sequence[str]) -> list[Group]:
    found = session.scalars(select(Group).where(Group.name.in_(names))).all()
    for missing in set(names) - {group.name for group in found}:
        raise NotFound(missing)
    return list(found)


def _lock_administrators(session: Session) -> None:
    """Let only one at a time take rights away, so that the last two cannot take them from each other."""
    session.execute(select(Agent.id).where(Agent.is_admin).order_by(Agent.id).with_for_update())


def _check_administrators(session: Session, agent: Agent, before: AgentEdit) -> None:
    """Raise LastAdministrator when nobody is left who may administer and this agent was one who might."""
    if not (before.role is Role.ADMINISTRATOR and before.is_active):
        return
    session.flush()
    if session.scalar(select(Agent.id).where(Agent.is_admin, Agent.is_active).limit(1)) is None:
        raise LastAdministrator(agent.login)
