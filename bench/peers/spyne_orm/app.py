"""The look-up as a Spyne server with SQLAlchemy's ORM is usually written: mapped classes, a session per call.

A WSGI application for gunicorn (`start`); the environment's BENCH_DATABASE names an SQLite file or a postgresql:// URL.
"""

import os
from datetime import UTC, datetime

from spyne import Application, Boolean, ComplexModel, DateTime, Fault, Integer32, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication
from sqlalchemy import DateTime as Moment
from sqlalchemy import ForeignKey, case, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

NAMESPACE = "urn:soap-service:telefonia:v1"
OPEN = ("EmAndamento", "Reaberta")

DATABASE = os.environ["BENCH_DATABASE"]
IS_POSTGRESQL = DATABASE.startswith("postgresql://")

engine = create_engine(
    DATABASE.replace("postgresql:", "postgresql+psycopg:", 1) if IS_POSTGRESQL else f"sqlite:///{DATABASE}"
)
Session = sessionmaker(engine, expire_on_commit=False)

if not IS_POSTGRESQL:

    @event.listens_for(engine, "connect")
    def _tune(connection, _record):
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA mmap_size=1073741824")


class Base(DeclarativeBase):
    """Common to the mapped classes."""


class Requester(Base):
    """A person who calls."""

    __tablename__ = "requester"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str]
    open_requests: Mapped[int]


class Request(Base):
    """A request of that person."""

    __tablename__ = "request"

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"))
    situation: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(Moment(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(Moment(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(Moment(timezone=True))


ONLY_REQUEST = (
    select(func.max(Request.id))
    .where(Request.requester_id == Requester.id, Request.situation.in_(OPEN))
    .scalar_subquery()
)


class DadosSolicitacao(ComplexModel):
    """What the telephony may know of a request."""

    __namespace__ = NAMESPACE
    _type_info = (
        ("id", Integer32),
        ("dataAbertura", DateTime),
        ("prazoLimite", DateTime(min_occurs=1, nillable=True)),
        ("situacao", Unicode),
        ("dentroDoPrazo", Boolean),
    )


class Telefonia(ServiceBase):
    """The operations that are measured; the others do not exist here."""

    @rpc(Unicode(min_occurs=1, nillable=False), _returns=Unicode(min_occurs=1, nillable=False))
    def obterQtdeSolicitacoes(ctx, cpf):  # noqa: D102, N802, N805  # the wire's name and Spyne's ctx
        asked = select(Requester.open_requests, case((Requester.open_requests == 1, ONLY_REQUEST)))
        with Session() as session:
            count, number = session.execute(asked.where(Requester.document == cpf)).first() or (0, None)
        if count == 0:
            return ""
        return f"1?{number}" if count == 1 else str(count)

    @rpc(Integer32(min_occurs=1, nillable=False), _returns=DadosSolicitacao)
    def obterDadosSolicitacao(ctx, id):  # noqa: A002, D102, N802, N805
        with Session() as session:
            found = session.get(Request, id)
        if found is None:
            raise Fault("Client", "no such request")
        limit = None if found.situation == "Suspensa" else _utc(found.due_at)
        reference = _utc(found.closed_at) or datetime.now(UTC)
        return DadosSolicitacao(
            id=found.id,
            dataAbertura=_utc(found.opened_at),
            prazoLimite=limit,
            situacao="Em andamento" if found.situation == "EmAndamento" else found.situation,
            dentroDoPrazo=limit is None or found.situation == "Cancelada" or reference <= limit,
        )


def _utc(moment):
    """Return a moment with its zone, which SQLite does not keep."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


application = WsgiApplication(
    Application([Telefonia], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
)
