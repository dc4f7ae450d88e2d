"""Agents, their groups, log-ins and extensions."""

from datetime import datetime

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from soap_service.rules.roles import PERMISSIONS, Permission, Role, role_of
from soap_service.tables.base import Base


class Membership(Base):
    """An agent's place in a group."""

    __tablename__ = "membership"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("executor_group.id"), primary_key=True, index=True)


class Group(Base):
    """Agents who may execute the same requests (grupo executor), and see all requests or only theirs."""

    __tablename__ = "executor_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    may_execute: Mapped[bool] = mapped_column(default=False)
    sees_all: Mapped[bool] = mapped_column(default=True, server_default=true())


class Agent(Base):
    """A person who logs in to the screens (atendente). Without a language of their own they read the browser's.

    Whose `must_change_password` is true sees nothing before they have chosen another one.
    `is_admin` follows the role, for nodes of the version before, which know no other.
    From `second_factor_at` on a code is asked of them after the password (`SecondFactor`).
    From `paused_at` on they want no calls; calls missed after `calls_looked_at` are new to them.
    """

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    stored_role: Mapped[str] = mapped_column("role", String(20), default=Role.AGENT, server_default=Role.AGENT)
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    second_factor_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(10), default="", server_default="")
    paused_at: Mapped[datetime | None]
    calls_looked_at: Mapped[datetime | None]

    groups: Mapped[list[Group]] = relationship(secondary="membership", lazy="raise", order_by=Group.name)

    @property
    def role(self) -> Role:
        """What they may do (`roles.role_of`)."""
        return role_of(self.stored_role, self.is_admin)

    @role.setter
    def role(self, role: Role) -> None:
        self.stored_role, self.is_admin = role, role is Role.ADMINISTRATOR

    def may(self, permission: Permission) -> bool:
        """Tell whether their role has a permission."""
        return permission in PERMISSIONS[self.role]


class LoginSession(Base):
    """A logged-in browser. The cookie holds a random id; here stands only its SHA-256.

    Use moves `expires_at`, up to `ends_at`; log-ins made before 0.2.0, and by its older nodes, have no `ends_at` and
    nothing of what follows it: when and from where it was opened, in which browser, when it was used last.
    In one that `must_set_up_factor` nothing is shown before the agent has set up the second factor. One `by_provider`
    of single sign-on ends there, too.
    """

    __tablename__ = "login_session"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    form_token: Mapped[str] = mapped_column(String(43))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
    browser: Mapped[str] = mapped_column(String(60), default="", server_default="")
    must_set_up_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    by_provider: Mapped[bool] = mapped_column(default=False, server_default=false())

    agent: Mapped[Agent] = relationship(lazy="raise")


class PendingLogin(Base):
    """A browser from which the right password came, and not yet the code. Kept by its cookie as a log-in is.

    `is_kept`: the agent wants to stay logged in when the browser is closed.
    """

    __tablename__ = "pending_login"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    is_kept: Mapped[bool] = mapped_column(default=False)

    agent: Mapped[Agent] = relationship(lazy="raise")


class SecondFactor(Base):
    """An agent's authenticator: its key, encrypted with the key that has `key_id` (`storage.secret_key`).

    It counts once it is confirmed by a code. Codes of `last_step` and before are used up.
    """

    __tablename__ = "second_factor"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    sealed_key: Mapped[bytes]
    begun_at: Mapped[datetime]
    is_confirmed: Mapped[bool] = mapped_column(default=False)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCode(Base):
    """A code that an agent can use once instead of the app's; here stands only its SHA-256 with the agent's id."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)


class AgentIdentity(Base):
    """Who somebody is at a provider of single sign-on: issuer and subject. Without an agent it waits to be joined.

    `login` and `name` are what the provider called them when they were seen last.
    """

    __tablename__ = "agent_identity"
    __table_args__ = (Index(None, "issuer", "subject", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    login: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    seen_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]


class PendingSignOn(Base):
    """A browser that was sent to the provider, by its cookie's SHA-256, and what its answer is compared with."""

    __tablename__ = "pending_sign_on"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(43))
    nonce: Mapped[str] = mapped_column(String(43))
    verifier: Mapped[str] = mapped_column(String(64))
    return_path: Mapped[str] = mapped_column(String(2000))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginBudget(Base):
    """How far a budget of tries is spent (`rules.login_budgets`): when it is full again, in seconds since 1970."""

    __tablename__ = "login_budget"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    full_at: Mapped[float] = mapped_column(Double, index=True)


class KnownBrowser(Base):
    """A browser in which an agent has logged in. Its cookie holds a random id; here stands only its SHA-256."""

    __tablename__ = "known_browser"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, index=True)
    used_at: Mapped[datetime]


class Extension(Base):
    """A telephone extension (ramal) and the agent who answers it; the row stays when it is given up.

    `taken_from_id` is the former owner of an extension that was taken over, until that agent has seen it.
    """

    __tablename__ = "extension"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), unique=True)
    taken_from_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class Listener(Base):
    """An open event stream for an extension: which process holds it, and until when that is to be believed."""

    __tablename__ = "listener"

    extension: Mapped[str] = mapped_column(String(20), primary_key=True)
    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    until: Mapped[datetime]
