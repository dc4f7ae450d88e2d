"""The look-up as a Spyne server with SQLAlchemy's ORM is usually written: mapped classes, a session per call.

A WSGI application for gunicorn (`start`); the SQLite file is named by the environment's BENCH_DATABASE.
"""

import os
from datetime import UTC, datetime

from spyne import Application, Boolean, ComplexModel, DateTime, Integer32, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication
from sqlalchemy import ForeignKey, create_engine, event, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

NAMESPACE = "urn:soap-service:telefonia:v1"
OPEN = ("EmAndamento", "Reaberta")

engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}")
Session = sessionmaker(engine, expire_on_commit=False)


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


class Request(Base):
    """A request of that person."""

    __tablename__ = "request"

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"))
    situation: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    requester: Mapped[Requester] = relationship()


class DadosSolicitacao(ComplexModel):
    """What the telephony may know of a request."""

    __namespace__ = NAMESPACE
    _type_info = (
        ("id", Integer32),
        ("dataAbertura", DateTime),
        ("prazoLimite", DateTime(nillable=True)),
        ("situacao", Unicode),
        ("dentroDoPrazo", Boolean),
    )


class Telefonia(ServiceBase):
    """The operations that are measured; the others do not exist here."""

    @rpc(Unicode(min_occurs=1, nillable=False), _returns=Unicode(min_occurs=1, nillable=False))
    def obterQtdeSolicitacoes(ctx, cpf):  # noqa: D102, N802, N805  # the wire's name and Spyne's ctx
        with Session() as session:
            # One aggregate instead of loading the rows: a requester may have 50,000 of them.
            count, number = (
                session.query(func.count(Request.id), func.min(Request.id))
                .join(Request.requester)
                .filter(Requester.document == cpf, Request.situation.in_(OPEN))
                .one()
            )
        if count == 0:
            return ""
        return f"1?{number}" if count == 1 else str(count)

    @rpc(Integer32(min_occurs=1, nillable=False), _returns=DadosSolicitacao)
    def obterDadosSolicitacao(ctx, id):  # noqa: A002, D102, N802, N805
        with Session() as session:
            found = session.get(Request, id)
        limit = None if found.situation == "Suspensa" or found.due_at is None else found.due_at
        reference = found.closed_at or datetime.now(UTC).replace(tzinfo=None)
        return DadosSolicitacao(
            id=found.id,
            dataAbertura=found.opened_at.replace(tzinfo=UTC),
            prazoLimite=None if limit is None else limit.replace(tzinfo=UTC),
            situacao="Em andamento" if found.situation == "EmAndamento" else found.situation,
            dentroDoPrazo=limit is None or reference <= limit,
        )


application = WsgiApplication(
    Application([Telefonia], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
)
