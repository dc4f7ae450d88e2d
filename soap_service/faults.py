"""Domain errors to SOAP faults: the one table of codes and sentences. Knows the errors and the fault, nothing else.

Source: `wire.md`, Faults. README's table of codes is compared with this one in a test.
"""

from soap_service.answers import Fault
from soap_service.envelope import HeaderNotUnderstood, MessageRefused, UnknownOperation, VersionMismatch
from soap_service.errors import (
    IntegrationOff,
    InvalidArgument,
    InvalidDocument,
    LimitExceeded,
    MissingArgument,
    OperationNotAllowed,
    RequestNotFound,
    SoapServiceError,
    StoreUnavailable,
    Unauthorized,
)

#: Error: faultcode, code, sentence; `{key}` is what the error is about. The first class that fits counts.
FAULTS: dict[type[SoapServiceError], tuple[str, str, str]] = {
    InvalidDocument: ("Client", "DOCUMENTO_INVALIDO", "O CPF/CNPJ informado não é válido."),
    RequestNotFound: (
        "Client",
        "SOLICITACAO_NAO_ENCONTRADA",
        "A solicitação não foi encontrada para os dados informados.",
    ),
    MissingArgument: ("Client", "PARAMETRO_AUSENTE", "O elemento {key} é obrigatório e não foi informado."),
    InvalidArgument: ("Client", "PARAMETRO_INVALIDO", "O elemento {key} tem um valor inválido."),
    VersionMismatch: ("VersionMismatch", "", "{key}"),
    HeaderNotUnderstood: ("MustUnderstand", "", "{key}"),
    UnknownOperation: ("Client", "OPERACAO_DESCONHECIDA", "{key}"),
    MessageRefused: ("Client", "MENSAGEM_INVALIDA", "{key}"),
    Unauthorized: ("Client", "NAO_AUTORIZADO", "Informe o usuário e o segredo de uma integração autorizada."),
    OperationNotAllowed: ("Client", "NAO_AUTORIZADO", "Esta integração não pode chamar a operação {key}."),
    LimitExceeded: ("Client", "LIMITE_EXCEDIDO", "Chamadas demais em pouco tempo. Aguarde e tente novamente."),
    IntegrationOff: (
        "Server",
        "INTEGRACAO_DESATIVADA",
        "A integração com a telefonia está desativada (parâmetro 281).",
    ),
    StoreUnavailable: ("Server", "INDISPONIVEL", "O serviço está indisponível no momento. Tente novamente."),
}
#: The code of what nobody foresaw.
INTERNAL_ERROR = "ERRO_INTERNO"


def fault_of(error: Exception) -> Fault | None:
    """Return the fault of a domain error that a call may deserve; None for what nobody foresaw."""
    for kind, (faultcode, code, sentence) in FAULTS.items():
        if isinstance(error, kind):
            return Fault(faultcode, code, sentence.format(key=error.key))
    return None


def internal_fault(incident: str) -> Fault:
    """Return the fault of a failure inside; the log tells the rest under the same incident number."""
    sentence = f"Falha interna do serviço. Informe o incidente {incident} ao administrador."
    return Fault("Server", INTERNAL_ERROR, sentence, incident)
