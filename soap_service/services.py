"""The four operations as Spyne services: their types, their meaning, nothing of how messages come and go.

Spyne declares: the WSDL, the argument types and the form of every answer come from these classes. The dispatcher of
`soap` runs them. Wire names are Portuguese, as the manual has them; the English term
stands beside each.

Source: manual, "Webservice de ..."; docs/wire.md, Operations.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from spyne import Application, Boolean, ComplexModel, DateTime, Integer32, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11

from soap_service.errors import (
    InvalidArgument,
    InvalidDocument,
    LimitExceeded,
    MissingArgument,
    RequesterNotFound,
    RequestNotFound,
)
from soap_service.language import N_, translations_of
from soap_service.model import Notice
from soap_service.rules.documents import normalise_document
from soap_service.rules.extensions import extensions_meant
from soap_service.rules.unknown_budgets import Asked, UnknownBudget
from soap_service.store import Announcement, KnownIntegration, Receipt, TelephonyReads

# Spyne warns of every answer's wrapper class because `_wsdl_part_name` customises it; it is meant.
logging.getLogger("spyne.model.complex").setLevel(logging.ERROR)

#: Names the contract, not a host; a changed contract gets a new version.
NAMESPACE = "urn:soap-service:telefonia:v1"
PORT_TYPE = "TelefoniaPortType"

_Text = Unicode(min_occurs=1, nillable=False)
_Number = Integer32(min_occurs=1, nillable=False)
_Extension = Unicode(min_occurs=0, nillable=True)


@dataclass(slots=True)
class Caller:
    """What an operation may know of its call; the dispatcher puts it into the context's `udc`.

    What only reads asks `reads`, which is the store, or what was looked up for it in the store; `announce` gives the
    receipt of a call, or ends the operation, which is run again once there is one.
    `extension` is the `?ramal=` of the endpoint's address. `budget` counts what nobody has, so that fishing for
    documents and numbers ends. An answer that tells less than was found `is_withheld`: finding may have taken longer.
    """

    reads: TelephonyReads
    announce: Callable[[Announcement], Receipt]
    integration: KnownIntegration
    budget: UnknownBudget
    public_url: str
    zone: ZoneInfo
    extension: str = ""
    is_withheld: bool = False

    def check_budget(self, *asked: Asked) -> None:
        """Raise LimitExceeded where the budget is over, unless the platform was told lately of all of it.

        It is asked before anything is looked up, so that the refusal tells nothing.
        """
        budget = self.budget
        if not budget.is_over:
            return
        if not all(budget.was_told(one) or self.reads.was_answered(budget.hash(one)) for one in asked):
            raise LimitExceeded(self.integration.name)


class DadosSolicitacao(ComplexModel):
    """What obterDadosSolicitacao tells of a request."""

    __namespace__ = NAMESPACE
    id = Integer32(min_occurs=1, nillable=False)  # number
    dataAbertura = DateTime(min_occurs=1, nillable=False)  # opened at
    prazoLimite = DateTime(min_occurs=1, nillable=True)  # deadline
    situacao = Unicode(min_occurs=1, nillable=False)  # situation
    dentroDoPrazo = Boolean(min_occurs=1, nillable=False)  # not late


class _Filled(SimpleNamespace):
    """An answer's values, under the names that its declared class has."""


class RespostaChamada(ComplexModel):
    """The receipt of an announced call."""

    __namespace__ = NAMESPACE
    identificado = Boolean(min_occurs=1, nillable=False)  # the caller is known
    aviso = Unicode(min_occurs=1, nillable=False)  # notice: delivery state
    url = Unicode(min_occurs=1, nillable=False)  # the page of the call
    mensagem = Unicode(min_occurs=1, nillable=False)  # a sentence for a person


class TelephonyService(ServiceBase):
    """The web services that a telephony platform calls."""

    __service_name__ = "TelefoniaService"
    __port_types__ = (PORT_TYPE,)

    @rpc(
        _Text,
        _Extension,
        _in_variable_names={"document": "cpf", "extension": "ramal"},
        _returns=RespostaChamada.customize(min_occurs=1, nillable=False),
        _port_type=PORT_TYPE,
        _wsdl_part_name="parameters",
    )
    def novaSolicitacao(ctx, document: str, extension: str | None) -> RespostaChamada:
        """Anuncia uma ligação em um ramal: a tela do atendente mostra os dados do solicitante e permite abrir uma
        nova solicitação. Um CPF desconhecido é uma ligação de cliente não identificado.
        """
        spoken = document.strip()
        try:
            document = normalise_document(document)
        except InvalidDocument:
            document = ""  # the call reaches the agent anyway
        caller: Caller = ctx.udc
        receipt = _announce(caller, extension, operation="novaSolicitacao", document=document, spoken=spoken)
        if not document:
            return _answer_of(caller, receipt)
        try:
            caller.check_budget(document)
        except LimitExceeded:  # it pops up all the same
            caller.is_withheld = True
            return _answer_of(caller, replace(receipt, is_identified=False))
        if receipt.is_identified:
            caller.budget.answered.add(document)
        else:
            caller.budget.note_unknown(document)
        return _answer_of(caller, receipt)

    @rpc(
        _Number,
        _Text,
        _Extension,
        _in_variable_names={"number": "id", "document": "cpf", "extension": "ramal"},
        _returns=RespostaChamada.customize(min_occurs=1, nillable=False),
        _port_type=PORT_TYPE,
        _wsdl_part_name="parameters",
    )
    def visualizarSolicitacao(ctx, number: int, document: str, extension: str | None) -> RespostaChamada:
        """Anuncia uma ligação sobre uma solicitação existente do solicitante: a tela do atendente mostra a solicitação
        para visualização ou execução.
        """
        document, number = _required_document(document), _positive(number)
        caller: Caller = ctx.udc
        caller.check_budget(document, number)
        try:
            receipt = _announce(
                caller, extension, operation="visualizarSolicitacao", document=document, request_id=number
            )
        except RequestNotFound:
            caller.budget.note_unknown((number, document))
            raise
        caller.budget.answered.update((document, number))
        return _answer_of(caller, receipt)

    @rpc(
        _Text,
        _in_variable_names={"document": "cpf"},
        _returns=Unicode(min_occurs=1, nillable=False),
        _port_type=PORT_TYPE,
        _wsdl_part_name="parameters",
    )
    def obterQtdeSolicitacoes(ctx, document: str) -> str:
        """Devolve quantas solicitações do solicitante estão em andamento: vazio se não há nenhuma, "1?" seguido do
        número se há só uma (exemplo: 1?34534), senão a quantidade.
        """
        caller: Caller = ctx.udc
        document, budget = _required_document(document), caller.budget
        caller.check_budget(document)
        try:
            count, number = caller.reads.count_open_requests(document)
        except RequesterNotFound:
            budget.note_unknown(document)
            return ""
        budget.answered.add(document)
        if count == 0:
            return ""
        if number is None:
            return str(count)
        budget.answered.add(number)
        return f"1?{number}"

    @rpc(
        _Number,
        _in_variable_names={"number": "id"},
        _returns=DadosSolicitacao.customize(min_occurs=1, nillable=False),
        _port_type=PORT_TYPE,
        _wsdl_part_name="parameters",
    )
    def obterDadosSolicitacao(ctx, number: int) -> _Filled:
        """Devolve os dados de uma solicitação: id, data de abertura, prazo limite (nulo se não há), situação e se está
        dentro do prazo.
        """
        caller: Caller = ctx.udc
        number, budget = _positive(number), caller.budget
        caller.check_budget(number)
        try:
            summary = caller.reads.summarise_request(number)
        except RequestNotFound:
            budget.note_unknown(number)
            raise
        budget.answered.add(number)
        return _Filled(  # not the class itself: Spyne takes 8 µs to make one, and asks only for attributes
            id=summary.number,
            dataAbertura=_local(summary.opened_at, caller.zone),
            prazoLimite=None if summary.deadline is None else _local(summary.deadline, caller.zone),
            situacao=summary.situation,
            dentroDoPrazo=not summary.is_late,
        )


def make_application() -> Application:
    """Return the Spyne application, from which `wsdl` and `answers` are built at start."""
    return Application(
        [TelephonyService],
        tns=NAMESPACE,
        name="TelefoniaService",
        in_protocol=Soap11(),
        out_protocol=Soap11(),
    )


def list_descriptors(application: Application) -> dict[str, Any]:
    """Return Spyne's descriptors of the published operations, by name."""
    return {found[0].name: found[0] for found in application.interface.service_method_map.values()}


_SENTENCES = {
    Notice.DELIVERED: N_("A ligação foi entregue à tela do ramal {extension}."),
    Notice.WAITING: N_("O ramal {extension} está registrado, mas ninguém está com a tela aberta; a ligação aguarda."),
    Notice.NOT_REGISTERED: N_("O ramal {extension} não está registrado por nenhum atendente."),
    Notice.NO_EXTENSION: N_("O ramal não foi informado; a ligação só pode ser aberta pelo endereço."),
}
_PAUSED = N_("O atendente do ramal {extension} está em pausa; a ligação aguarda.")
_UNKNOWN_CALLER = N_("Não identificado o cliente da ligação.")


def _announce(caller: Caller, extension: str | None, **said: Any) -> Receipt:
    extensions = _extensions_of(extension) or _extensions_of(caller.extension) or (None,)
    announcement = Announcement(
        integration_id=caller.integration.id, extension=extensions[-1], preferred_extensions=extensions[:-1], **said
    )
    return caller.announce(announcement)


def _answer_of(caller: Caller, receipt: Receipt) -> RespostaChamada:
    translate = translations_of(caller.integration.language).gettext
    is_paused = receipt.is_paused and receipt.notice is Notice.WAITING
    sentence = translate(_PAUSED if is_paused else _SENTENCES[receipt.notice]).format(extension=receipt.extension)
    if not receipt.is_identified:
        sentence = f"{translate(_UNKNOWN_CALLER)} {sentence}"
    return RespostaChamada(
        identificado=receipt.is_identified,
        aviso=str(receipt.notice),
        url=f"{caller.public_url}/chamadas/{receipt.token}",
        mensagem=sentence,
    )


def _required_document(text: str) -> str:
    """Normalise; an empty element is a missing argument, the rest that cannot be a document an invalid one."""
    if not text.strip():
        raise MissingArgument("cpf")
    return normalise_document(text)


def _positive(number: int) -> int:
    if number < 1:
        raise InvalidArgument("id")
    return number


def _extensions_of(text: str | None) -> tuple[str, ...]:
    """Return the extensions that a text may mean, the likeliest last; none when it is empty."""
    if text is None or not text.strip():
        return ()
    extensions = extensions_meant(text)
    if not extensions:
        raise InvalidArgument("ramal")
    return extensions


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the service desk's local time with its offset; `answers` writes no fraction."""
    return instant.astimezone(zone)
