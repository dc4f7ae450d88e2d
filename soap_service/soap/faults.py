"""Domain errors to SOAP faults: the one table of codes and sentences. Knows the errors and the fault, nothing else.

Source: docs/wire.md, Faults. README's table of codes is compared with this one in a test.
"""

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
    UnsupportedPassword,
)
from soap_service.language import N_, SOURCE_LANGUAGE, translations_of
from soap_service.soap.message import (
    ForeignArgument,
    HeaderNotUnderstood,
    MessageRefused,
    ReplyElsewhere,
    UnknownOperation,
    VersionMismatch,
)
from soap_service.soap.writer import Fault

#: Error: faultcode, code, sentence; `{key}` is what the error is about. The first class that fits counts.
#: What is wrong with a message, the refusal itself says.
FAULTS: dict[type[SoapServiceError], tuple[str, str, str]] = {
    InvalidDocument: ("Client", "DOCUMENTO_INVALIDO", N_("O CPF/CNPJ informado não é válido.")),
    RequestNotFound: (
        "Client",
        "SOLICITACAO_NAO_ENCONTRADA",
        N_("A solicitação não foi encontrada para os dados informados."),
    ),
    MissingArgument: ("Client", "PARAMETRO_AUSENTE", N_("O elemento {key} é obrigatório e não foi informado.")),
    InvalidArgument: ("Client", "PARAMETRO_INVALIDO", N_("O elemento {key} tem um valor inválido.")),
    VersionMismatch: ("VersionMismatch", "", ""),
    HeaderNotUnderstood: ("MustUnderstand", "", ""),
    ForeignArgument: ("Client", "PARAMETRO_INVALIDO", ""),
    UnknownOperation: ("Client", "OPERACAO_DESCONHECIDA", ""),
    MessageRefused: ("Client", "MENSAGEM_INVALIDA", ""),
    UnsupportedPassword: (
        "Client",
        "MENSAGEM_INVALIDA",
        N_("O UsernameToken traz a senha como {key}: envie-a como PasswordText, por HTTPS, ou use HTTP Basic."),
    ),
    Unauthorized: ("Client", "NAO_AUTORIZADO", N_("Informe o usuário e o segredo de uma integração autorizada.")),
    OperationNotAllowed: ("Client", "NAO_AUTORIZADO", N_("Esta integração não pode chamar a operação {key}.")),
    LimitExceeded: ("Client", "LIMITE_EXCEDIDO", N_("Chamadas demais em pouco tempo. Aguarde e tente novamente.")),
    IntegrationOff: (
        "Server",
        "INTEGRACAO_DESATIVADA",
        N_("A integração com a telefonia está desativada (parâmetro 281)."),
    ),
    StoreUnavailable: ("Server", "INDISPONIVEL", N_("O serviço está indisponível no momento. Tente novamente.")),
}
#: The code of what nobody foresaw.
INTERNAL_ERROR = "ERRO_INTERNO"
_INTERNAL_SENTENCE = N_("Falha interna do serviço. Informe o incidente {incident} ao administrador.")


def fault_of(error: Exception, language: str = SOURCE_LANGUAGE) -> Fault | None:
    """Return the fault of a domain error that a call may deserve; None for what nobody foresaw."""
    translate = translations_of(language).gettext
    for kind, (faultcode, code, sentence) in FAULTS.items():
        if isinstance(error, kind):
            values = error.values if isinstance(error, MessageRefused) else {"key": error.key}
            said = translate(sentence or str(error.key)).format(**values)
            not_understood = error.blocks if isinstance(error, HeaderNotUnderstood) else ()
            of_addressing = isinstance(error, ReplyElsewhere)
            return Fault(faultcode, code, said, "", language, not_understood, of_addressing)
    return None


def internal_fault(incident: str, language: str = SOURCE_LANGUAGE) -> Fault:
    """Return the fault of a failure inside; the log tells the rest under the same incident number."""
    sentence = translations_of(language).gettext(_INTERNAL_SENTENCE).format(incident=incident)
    return Fault("Server", INTERNAL_ERROR, sentence, incident, language)
