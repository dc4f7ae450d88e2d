"""Why a screen did not open: the way of a call in ten steps, and which holds. Pure rules; asks no store, knows no page.

Of a call that was given each step tells how it was then, and what has changed since; else how it is now, with the
latest call as the witness. A sentence is Portuguese, to be translated, with the values for its places beside it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from soap_service.language import N_
from soap_service.model import Call, Integration
from soap_service.rules.calls import CallState, Notice, Refused
from soap_service.store import ExtensionStatus, RefusalKind

#: A refusal is of no matter after this long; one of nobody known, who may be anybody, sooner.
_RECENT, _RECENT_OF_STRANGERS = timedelta(hours=24), timedelta(hours=1)
#: What is noted to the minute, and may be noted a minute late.
_NOTED_WITHIN = timedelta(minutes=1)
#: What the endpoint can refuse in a step; the rest is the fourth step's.
_CREDENTIAL = (Refused.UNKNOWN, Refused.NOT_PROVEN)
_ADDRESS = (Refused.WRONG_ADDRESS,)
#: What the service alone knows of a refusal, in words; every other reason is a published code.
REASONS = {
    Refused.UNKNOWN: N_("usuário desconhecido"),
    Refused.NOT_PROVEN: N_("segredo errado"),
    Refused.WRONG_ADDRESS: N_("endereço fora da lista"),
    Refused.NO_CREDENTIAL: N_("sem credencial"),
    Refused.WRONG_OPERATION: N_("operação não permitida"),
    Refused.CROSS_SITE: N_("página de outro site"),
}
_SWITCHED_OFF = "INTEGRACAO_DESATIVADA"
_OPERATIONS = ("-", "novaSolicitacao", "visualizarSolicitacao")


class Verdict(StrEnum):
    """Whether a step holds."""

    OK = N_("ok")
    FAILED = N_("falhou")
    UNCHECKED = N_("não verificado")


@dataclass(frozen=True)
class Said:
    """A sentence and the values for its places: instants, further sentences, names with an instant or none each."""

    sentence: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A step of a call's way: what was found there, and what to do next.

    `is_live`: the browser that shows it knows better than the store whether it listens.
    """

    title: str
    verdict: Verdict
    found: Said
    advice: Said = Said()
    is_live: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known. `call` is the one that was given, or else the extension's latest; `calls` are its latest."""

    now: datetime
    lifetime: timedelta
    is_admin: bool
    is_on: bool
    platforms: Sequence[Integration]
    uses: dict[int, datetime]
    newest_call_at: datetime | None
    refusals: Sequence[RefusalKind]
    extension: str | None
    is_own: bool
    status: ExtensionStatus
    call: Call | None
    is_given: bool
    calls: Sequence[Call]
    homeless: Sequence[Call]

    @property
    def last_use(self) -> datetime | None:
        """When a platform was last admitted, as far as it is known."""
        known = [self.uses[one.id] for one in self.platforms if one.id in self.uses]
        return max([*known, *([self.newest_call_at] if self.newest_call_at else [])], default=None)

    def refusals_since(self, reasons: Collection[str] | None) -> list[RefusalKind]:
        """Return the refusals since a platform was last admitted, for these reasons or for those of the fourth step."""
        others = (*_CREDENTIAL, *_ADDRESS, Refused.NO_CREDENTIAL, _SWITCHED_OFF)
        found = []
        for one in self.refusals:
            is_asked = one.reason in reasons if reasons is not None else one.reason not in others
            recent = _RECENT if one.integration else _RECENT_OF_STRANGERS
            is_recent = one.last_at + _NOTED_WITHIN > self.now - recent
            is_later = self.last_use is None or one.last_at + _NOTED_WITHIN > self.last_use
            if is_asked and is_recent and is_later and one.operation in _OPERATIONS:
                found.append(one)
        return found


def walk(facts: Facts) -> list[Step]:
    """Return the steps of a call's way, in order."""
    judges = (_parameter, _credential, _address, _message, _document, _extension, _owner, _screen, _delivery, _end)
    return [judge(facts) for judge in judges]


def first_failing(steps: Sequence[Step]) -> int | None:
    """Return which step fails first, from 1; None when none does."""
    return next((n for n, step in enumerate(steps, 1) if step.verdict is Verdict.FAILED), None)


def _parameter(facts: Facts) -> Step:
    title = N_("Web services ligados (parâmetro 281)")
    if facts.is_given and facts.call is not None and not facts.is_on:
        found = Said(
            N_("A ligação de %(moment)s passou por aqui; depois o parâmetro 281 foi desligado."), _when(facts.call)
        )
        return Step(title, Verdict.OK, found)
    if not facts.is_on:
        found = Said(N_("O parâmetro 281 está em N: toda chamada da telefonia é recusada."))
        advice = N_("Ligue o parâmetro 281 em Administração, Parâmetros.")
        return Step(title, Verdict.FAILED, found, _for_whom(facts, advice))
    return Step(title, Verdict.OK, Said(N_("O parâmetro 281 está em S: os web services atendem.")))


def _credential(facts: Facts) -> Step:
    title = N_("Integração e credencial")
    if _proves(facts):
        return Step(title, Verdict.OK, _proof(facts))
    if not facts.platforms:
        found = Said(N_("Nenhuma plataforma de telefonia está cadastrada."))
        return Step(title, Verdict.FAILED, found, _for_whom(facts, N_("Cadastre a plataforma em Integrações.")))
    by_address = any(one.secret_hash is None for one in facts.platforms)
    reasons = _CREDENTIAL if by_address else (*_CREDENTIAL, Refused.NO_CREDENTIAL)
    for refusal in facts.refusals_since(reasons):
        sentences = {
            Refused.NOT_PROVEN: (
                N_("%(integration)s foi recusada em %(moment)s, de %(address)s: o segredo está errado."),
                N_("Confira o segredo na plataforma. Se ele se perdeu, crie outro em Integrações."),
            ),
            Refused.UNKNOWN: (
                N_("Uma chamada foi recusada em %(moment)s, de %(address)s: o usuário não é o de nenhuma integração."),
                N_("Confira o usuário na plataforma: é o nome da integração, e ela não pode ter sido revogada."),
            ),
            Refused.NO_CREDENTIAL: (
                N_("Uma chamada foi recusada em %(moment)s, de %(address)s: veio sem usuário e segredo."),
                N_("Configure na plataforma o usuário e o segredo da integração (HTTP Basic)."),
            ),
        }
        return _refused(facts, title, refusal, *sentences[Refused(refusal.reason)])
    if facts.last_use is None:
        found = Said(N_("Nenhuma plataforma chamou até agora."))
        advice = _for_whom(facts, N_("Confira na plataforma o endereço do web service, e faça uma chamada de teste."))
        return Step(title, Verdict.UNCHECKED, found, advice)
    if facts.is_admin:
        platforms = tuple((one.name, facts.uses.get(one.id)) for one in facts.platforms)
        return Step(title, Verdict.OK, Said(N_("Último uso aceito de cada integração: %(uses)s."), {"uses": platforms}))
    found = Said(N_("A telefonia chamou em %(moment)s e foi aceita."), {"moment": facts.last_use})
    return Step(title, Verdict.OK, found)


def _address(facts: Facts) -> Step:
    title = N_("Regras de endereço")
    if _proves(facts):
        return Step(title, Verdict.OK, _proof(facts))
    by_address = any(one.secret_hash is None for one in facts.platforms)
    for refusal in facts.refusals_since((*_ADDRESS, *((Refused.NO_CREDENTIAL,) if by_address else ()))):
        sentence = N_("%(integration)s foi recusada em %(moment)s: %(address)s não está entre os endereços dela.")
        advice = N_("Acrescente esse endereço à integração, ou chame de um dos que estão lá.")
        if not refusal.integration:
            sentence = N_(
                "Uma chamada sem credencial foi recusada em %(moment)s: %(address)s não é de nenhuma integração."
            )
            advice = N_("Acrescente esse endereço à integração que se identifica por endereço, ou envie a credencial.")
        return _refused(facts, title, refusal, sentence, advice)
    return _never_refused(facts, title)


def _message(facts: Facts) -> Step:
    title = N_("Operação, limites e mensagem")
    if _proves(facts):
        return Step(title, Verdict.OK, _proof(facts))
    for refusal in facts.refusals_since(None):
        sentence = N_("Uma chamada foi recusada em %(moment)s: %(reason)s (%(integration)s, de %(address)s).")
        return _refused(facts, title, refusal, sentence, _ADVICE.get(refusal.reason, _ANY_ADVICE))
    return _never_refused(facts, title)


def _document(facts: Facts) -> Step:
    title = N_("Documento de quem liga")
    if facts.call is None:
        return Step(title, Verdict.UNCHECKED, _NO_CALL)
    if facts.call.requester_id is not None:
        return Step(title, Verdict.OK, Said(N_("Quem ligou foi identificado.")))
    found = N_(
        "O documento informado não é de nenhum solicitante: a tela abre assim mesmo, sem identificar quem ligou."
    )
    if not facts.call.document:
        found = N_("A telefonia não informou um CPF ou CNPJ: a tela abre assim mesmo, sem identificar quem ligou.")
    return Step(title, Verdict.OK, Said(found))


def _extension(facts: Facts) -> Step:
    title = N_("Ramal informado pela telefonia")
    newest = facts.homeless[0] if facts.homeless else None
    if facts.is_given and facts.call is not None:
        newest = None if facts.call.extension is not None else facts.call
    if newest is not None and (facts.call is None or facts.call.created_at <= newest.created_at):
        found = N_("Uma ligação chegou em %(moment)s sem ramal: ela não abre em tela nenhuma.")
        advice = N_("Inclua o elemento ramal na chamada da plataforma, ou ?ramal= no endereço do web service.")
        return Step(title, Verdict.FAILED, Said(found, {"moment": newest.created_at}), _for_whom(facts, advice))
    if facts.call is None:
        return Step(title, Verdict.UNCHECKED, _NO_CALL)
    found = N_("A ligação de %(moment)s foi para o ramal %(extension)s.")
    values = {"moment": facts.call.created_at, "extension": facts.call.extension}
    return Step(title, Verdict.OK, Said(found, values))


def _owner(facts: Facts) -> Step:
    title = N_("Ramal registrado por um atendente")
    values = {"extension": facts.extension, "owner": facts.status.owner}
    if facts.extension is None:
        found = N_("Você não informou em que ramal atende.") if facts.is_own else N_("Nenhum ramal foi escolhido.")
        advice = N_("Informe o ramal em Atendimento.") if facts.is_own else N_("Escolha um ramal acima.")
        return Step(title, Verdict.FAILED if facts.is_own else Verdict.UNCHECKED, Said(found), Said(advice))
    if facts.is_given and facts.call is not None and facts.call.notice == Notice.NOT_REGISTERED:
        now = N_("Quando a ligação chegou, ninguém tinha registrado o ramal %(extension)s. Agora está com %(owner)s.")
        then = N_(
            "Quando a ligação chegou, ninguém tinha registrado o ramal %(extension)s, e ninguém registrou até agora."
        )
        return Step(title, Verdict.FAILED, Said(now if facts.status.owner else then, values), Said(_REGISTER, values))
    if facts.status.owner is None:
        found = N_("Nenhum atendente registrou o ramal %(extension)s.")
        return Step(title, Verdict.FAILED, Said(found, values), Said(_REGISTER, values))
    return Step(title, Verdict.OK, Said(N_("O ramal %(extension)s está com %(owner)s."), values))


def _screen(facts: Facts) -> Step:
    title = N_("Tela aberta no navegador")
    if facts.status.owner is None:
        return Step(title, Verdict.UNCHECKED, Said(N_("Sem um atendente no ramal, ninguém escuta.")))
    if facts.is_given and facts.call is not None:
        if facts.call.notice == Notice.DELIVERED or facts.call.delivered_at is not None:
            return Step(title, Verdict.OK, Said(N_("Havia uma tela escutando quando a ligação foi entregue.")))
        found = N_(
            "Quando a ligação chegou, nenhuma tela escutava: o atendente estava em pausa ou sem a página aberta."
        )
        return Step(title, Verdict.FAILED, Said(found), Said(_KEEP_OPEN))
    if facts.status.paused_at is not None:
        found = N_("%(owner)s está em pausa desde %(moment)s: as ligações não aparecem na tela.")
        values = {"owner": facts.status.owner, "moment": facts.status.paused_at}
        advice = N_("Para receber ligações, use o botão Voltar a receber ligações.")
        return Step(title, Verdict.FAILED, Said(found, values), Said(advice))
    if facts.status.is_subscribed:
        return Step(title, Verdict.OK, Said(N_("Há uma tela aberta e conectada neste ramal.")))
    if facts.is_own:
        found = N_("Nenhuma outra tela sua está conectada. Esta página só recebe ligações com JavaScript ligado.")
        return Step(title, Verdict.UNCHECKED, Said(found), Said(_KEEP_OPEN), is_live=True)
    found = N_("Nenhuma tela escuta neste ramal: o atendente não está com a página aberta, ou ela perdeu a conexão.")
    return Step(title, Verdict.FAILED, Said(found), Said(_KEEP_OPEN))


def _delivery(facts: Facts) -> Step:
    title = N_("Tempo até a tela")
    if facts.call is None:
        return Step(title, Verdict.UNCHECKED, _NO_CALL)
    usual = [one.delivery_ms for one in facts.calls if one.delivery_ms is not None]
    values = {
        "moment": facts.call.created_at,
        "took": facts.call.delivery_ms,
        "usual": round(median(usual)) if usual else None,
        "lifetime": round(facts.lifetime.total_seconds()),
    }
    if facts.call.delivery_ms is None:
        if facts.call.seen_at is not None:
            found = N_("A ligação de %(moment)s foi aberta pela página dela, antes de chegar a uma tela.")
            return Step(title, Verdict.UNCHECKED, Said(found, values))
        if facts.now - facts.call.created_at <= facts.lifetime:
            found = N_("A ligação de %(moment)s ainda espera por uma tela.")
            return Step(title, Verdict.UNCHECKED, Said(found, values))
        found = N_("A ligação de %(moment)s não chegou a nenhuma tela: o aviso à telefonia foi %(notice)s.")
        advice = N_("Se os passos acima estão ok agora, simule uma ligação para confirmar.")
        return Step(title, Verdict.FAILED, Said(found, {**values, "notice": facts.call.notice}), Said(advice))
    if facts.call.delivery_ms > facts.lifetime.total_seconds() * 1000:
        found = N_("A ligação de %(moment)s só chegou à tela depois de %(lifetime)d s: tarde demais para abrir.")
        return Step(title, Verdict.FAILED, Said(found, values), Said(_KEEP_OPEN))
    found = N_("A ligação de %(moment)s chegou à tela em %(took)d ms; a mediana das últimas é %(usual)d ms.")
    return Step(title, Verdict.OK, Said(found, values))


def _end(facts: Facts) -> Step:
    title = N_("Vista e atendida")
    if facts.call is None:
        return Step(title, Verdict.UNCHECKED, _NO_CALL)
    state = facts.call.state(facts.now, facts.lifetime)
    values = {"moment": facts.call.created_at}
    if state in (CallState.MISSED, CallState.RETURNED):
        if facts.call.delivered_at is None:
            return Step(title, Verdict.UNCHECKED, Said(N_("A ligação não chegou a nenhuma tela.")))
        found = N_("A ligação de %(moment)s chegou ao navegador e ninguém a viu: a aba estava em segundo plano.")
        advice = N_("Permita as notificações e o som na página inicial, para notar ligações em segundo plano.")
        return Step(title, Verdict.FAILED, Said(found, values), Said(advice))
    if state in (CallState.CREATED, CallState.DELIVERED):
        return Step(title, Verdict.UNCHECKED, Said(N_("A ligação de %(moment)s ainda pode ser vista."), values))
    if state is CallState.TRANSFERRED:
        found = N_("A ligação de %(moment)s foi transferida para o ramal %(number)s antes de ser atendida.")
        return Step(title, Verdict.OK, Said(found, {**values, "number": facts.call.transferred_to}))
    found = N_("A ligação de %(moment)s foi vista na tela e não foi atendida pelo botão.")
    if state is CallState.ANSWERED:
        found = N_("A ligação de %(moment)s foi vista na tela e atendida.")
    return Step(title, Verdict.OK, Said(found, values))


def _proves(facts: Facts) -> bool:
    """Tell whether the call that was given was itself admitted."""
    return facts.is_given and facts.call is not None


def _proof(facts: Facts) -> Said:
    if facts.call is None:
        return Said()
    if facts.call.is_simulation:
        return Said(
            N_("A ligação de %(moment)s foi simulada: passou pela porta sem credencial de plataforma."),
            {"moment": facts.call.created_at},
        )
    return Said(N_("A ligação de %(moment)s passou por aqui."), {"moment": facts.call.created_at})


def _refused(facts: Facts, title: str, refusal: RefusalKind, sentence: str, advice: str) -> Step:
    """Return a step at which calls are refused; who, from where and why is for administrators."""
    if not facts.is_admin:
        sentence = N_("O serviço recusou chamadas da telefonia, a última em %(moment)s.")
    values = {
        "moment": refusal.last_at,
        "integration": refusal.integration or Said(N_("sem integração")),
        "address": refusal.address or Said(N_("endereço incerto")),
        "reason": Said(REASONS[Refused(refusal.reason)]) if refusal.reason in REASONS else refusal.reason,
    }
    return Step(title, Verdict.FAILED, Said(sentence, values), _for_whom(facts, advice))


def _never_refused(facts: Facts, title: str) -> Step:
    if facts.last_use is None:
        return Step(title, Verdict.UNCHECKED, Said(N_("Nenhuma plataforma chamou até agora.")))
    return Step(title, Verdict.OK, Said(N_("Nenhuma recusa desde a última chamada aceita.")))


def _for_whom(facts: Facts, advice: str) -> Said:
    """Return what an administrator can do; somebody else can tell one."""
    return Said(advice if facts.is_admin else N_("Avise o administrador: só ele pode corrigir isso."))


def _when(call: Call) -> dict[str, Any]:
    return {"moment": call.created_at}


_NO_CALL = Said(N_("Nenhuma ligação chegou a este ramal ainda."))
_REGISTER = N_("Quem atende neste ramal deve registrá-lo em Atendimento.")
_KEEP_OPEN = N_("Mantenha uma página do sistema aberta, com Conectado no alto, e sem pausa.")
_ANY_ADVICE = N_("Corrija a mensagem que a plataforma envia; o manual de integração descreve cada código.")
_ADVICE = {
    Refused.CROSS_SITE: N_(
        "Uma página de outro site chamou pelo navegador de alguém. Se ela é sua, dê a ela usuário e segredo."
    ),
    "CODIFICACAO_DO_CONTEUDO": N_("Envie a mensagem sem compressão (Content-Encoding)."),
    Refused.WRONG_OPERATION: N_("Permita a operação em Integrações, ou chame só as permitidas."),
    "LIMITE_EXCEDIDO": N_(
        "A plataforma chama demais, ou com documentos desconhecidos demais: veja se ela repete sem parar."
    ),
    "INDISPONIVEL": N_("O banco de dados não respondeu a tempo: veja o log do serviço."),
    "ERRO_INTERNO": N_("O serviço falhou: veja o log, pelo número do incidente."),
    "SOLICITACAO_NAO_ENCONTRADA": N_("A solicitação não existe ou não é daquele documento: nada aparece na tela."),
    "TIPO_DE_MIDIA": N_("Envie a mensagem com o tipo de mídia text/xml."),
}
