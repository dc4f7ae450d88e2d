"""Agents and groups as administrators change them. Knows what a log-in and an extension are; nothing of requests."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from soap_service.errors import AgentNotFound, AlreadyExists, ChangedMeanwhile, LastAdministrator, NotFound
from soap_service.model import Agent, Group, Membership
from soap_service.rules.edits import AgentEdit, GroupEdit
from soap_service.storage.history import COMMAND, is_recorded, record
from soap_service.storage.people import People, agent_of, end_logins, give_up_extension


class Staff(People):
    """Adding and changing agents and groups. Of a password only its hash comes here, and into no history."""

    def add_agent(
        self,
        login: str,
        name: str,
        password_hash: str,
        groups: Sequence[str] = (),
        is_admin: bool = False,
        actor: str = COMMAND,
        form_key: str | None = None,
    ) -> Agent:
        """Add an agent to groups that exist; a second post of the same form finds the first one's.

        Raises: AlreadyExists with the login, NotFound with a group's name.
        """
        edit = AgentEdit(name, is_admin, is_active=True, groups=tuple(groups))
        self.resolving(lambda: self._add_agent(login, edit, password_hash, actor, form_key))
        return self.find_agent(login)

    def _add_agent(self, login: str, edit: AgentEdit, password_hash: str, actor: str, form_key: str | None) -> None:
        with self.writing() as session:
            if session.scalar(select(Agent.id).where(Agent.login == login)) is not None:
                if is_recorded(session, form_key):
                    return
                raise AlreadyExists(login)
            agent = Agent(
                login=login,
                name=edit.name,
                password_hash=password_hash,
                is_admin=edit.is_admin,
                groups=_groups(session, edit.groups),
            )
            session.add(agent)
            record(session, self.now(), actor, "agent", "added", login, origin_key=form_key)

    def find_agent_by_id(self, agent_id: int) -> Agent:
        """Return an agent, active or not, with their groups; raises AgentNotFound."""
        with self.reading() as session:
            return _agent(session, agent_id)

    def change_agent(self, agent_id: int, edit: AgentEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change an agent; who is no longer active is logged out and gives up the extension.

        Raises: AgentNotFound; NotFound with a group's name; LastAdministrator; ChangedMeanwhile when it is no longer
        the one with that stamp.
        """
        with self.writing(ring=True) as session:
            _lock_administrators(session)
            agent = _agent(session, agent_id, is_changed=True)
            before = agent_edit_of(agent)
            if before == edit:
                return
            if before.stamp != stamp:
                raise ChangedMeanwhile("agent")
            agent.groups = _groups(session, edit.groups)
            agent.name, agent.is_admin = edit.name, edit.is_admin
            self._set_active(session, agent, edit.is_active)
            _check_administrators(session, agent, before)
            record(session, self.now(), actor, "agent", "changed", agent.login, before.differences(edit))

    def disable_agent(self, login: str, actor: str = COMMAND) -> None:
        """Refuse the agent from now on: log-ins ended, extension given up; raises AgentNotFound, LastAdministrator."""
        with self.writing(ring=True) as session:
            _lock_administrators(session)
            agent = agent_of(session, login)
            before = agent_edit_of(agent)
            self._set_active(session, agent, is_active=False)
            _check_administrators(session, agent, before)
            record(session, self.now(), actor, "agent", "changed", login, before.differences(agent_edit_of(agent)))

    def set_password(self, login: str, password_hash: str, actor: str = COMMAND) -> None:
        """Give the agent a new password and end their log-ins; raises AgentNotFound."""
        with self.writing(ring=True) as session:
            agent = agent_of(session, login)
            agent.password_hash = password_hash
            end_logins(session, agent.id, "password", self.now())
            record(session, self.now(), actor, "agent", "password", login)

    def list_agents(self, after: str = "", limit: int | None = None) -> Sequence[Agent]:
        """Return the agents with their groups, by login: all, or some of those after a login."""
        query = select(Agent).where(Agent.login > after).options(selectinload(Agent.groups)).order_by(Agent.login)
        with self.reading() as session:
            return session.scalars(query.limit(limit)).all()

    def add_group(self, name: str, may_execute: bool, actor: str = COMMAND, form_key: str | None = None) -> Group:
        """Add a group of agents; a second post of the same form finds the first one's. Raises AlreadyExists."""
        edit = GroupEdit(name, may_execute)
        return self.find_group(self.resolving(lambda: self._add_group(edit, actor, form_key)))

    def _add_group(self, edit: GroupEdit, actor: str, form_key: str | None) -> int:
        with self.writing() as session:
            existing = session.scalar(select(Group.id).where(Group.name == edit.name))
            if existing is not None:
                if is_recorded(session, form_key):
                    return existing
                raise AlreadyExists(edit.name)
            group = Group(name=edit.name, may_execute=edit.may_execute)
            session.add(group)
            session.flush()
            record(session, self.now(), actor, "group", "added", edit.name, origin_key=form_key)
            return group.id

    def find_group(self, group_id: int) -> Group:
        """Return a group; raises NotFound."""
        with self.reading() as session:
            return _group(session, group_id)

    def list_groups(self) -> Sequence[Group]:
        """Return all groups, by name."""
        with self.reading() as session:
            return session.scalars(select(Group).order_by(Group.name)).all()

    def list_members(self, group_id: int) -> Sequence[Agent]:
        """Return the agents of a group, by name."""
        query = select(Agent).join(Membership, Membership.agent_id == Agent.id).where(Membership.group_id == group_id)
        with self.reading() as session:
            return session.scalars(query.order_by(Agent.name)).all()

    def change_group(self, group_id: int, edit: GroupEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change a group. Raises: NotFound; AlreadyExists; ChangedMeanwhile when it is no longer the one stamped so."""
        self.resolving(lambda: self._change_group(group_id, edit, stamp, actor))

    def _change_group(self, group_id: int, edit: GroupEdit, stamp: str, actor: str) -> None:
        with self.writing() as session:
            group = _group(session, group_id, is_changed=True)
            before = group_edit_of(group)
            if before == edit:
                return
            if before.stamp != stamp:
                raise ChangedMeanwhile("group")
            if edit.name != before.name and session.scalar(select(Group.id).where(Group.name == edit.name)):
                raise AlreadyExists(edit.name)
            group.name, group.may_execute = edit.name, edit.may_execute
            record(session, self.now(), actor, "group", "changed", before.name, before.differences(edit))

    def _set_active(self, session: Session, agent: Agent, is_active: bool) -> None:
        agent.is_active = is_active
        if not is_active:
            end_logins(session, agent.id, "disabled", self.now())
            give_up_extension(session, agent.id, self.now())


def agent_edit_of(agent: Agent) -> AgentEdit:
    """Return what can be changed of an agent who was loaded with their groups."""
    return AgentEdit(agent.name, agent.is_admin, agent.is_active, tuple(sorted(group.name for group in agent.groups)))


def group_edit_of(group: Group) -> GroupEdit:
    """Return what can be changed of a group."""
    return GroupEdit(group.name, group.may_execute)


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
    if not (before.is_admin and before.is_active):
        return
    session.flush()
    if session.scalar(select(Agent.id).where(Agent.is_admin, Agent.is_active).limit(1)) is None:
        raise LastAdministrator(agent.login)
