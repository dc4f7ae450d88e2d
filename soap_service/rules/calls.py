"""What can become of a call: when it is announced, refused or simulated, and later. Words only; others decide."""

from dataclasses import dataclass
from enum import StrEnum

#: The integration of simulated calls. No platform can have this name, by a form or by HTTP Basic: of those a colon
#: ends the name.
SIMULATION = ":simulacao"


class Notice(StrEnum):
    """What became of an announcement when it was made: the `aviso` of the receipt."""

    DELIVERED = "ENTREGUE"
    WAITING = "AGUARDANDO"
    NOT_REGISTERED = "RAMAL_NAO_REGISTRADO"
    NO_EXTENSION = "RAMAL_NAO_INFORMADO"


class CallState(StrEnum):
    """Where a call stands in its life; the values are what the screens show."""

    CREATED = "criada"
    DELIVERED = "entregue"
    SEEN = "vista"
    ANSWERED = "atendida"
    TRANSFERRED = "transferida"
    MISSED = "perdida"
    RETURNED = "retornada"


class Refused(StrEnum):
    """Why the SOAP endpoint said NAO_AUTORIZADO, or 403: kept for administrators, never told to a caller."""

    UNKNOWN = "INTEGRACAO_DESCONHECIDA"
    NOT_PROVEN = "SEGREDO_ERRADO"
    WRONG_ADDRESS = "ENDERECO_NAO_ACEITO"
    NO_CREDENTIAL = "SEM_CREDENCIAL"
    WRONG_OPERATION = "OPERACAO_NAO_PERMITIDA"
    CROSS_SITE = "PAGINA_DE_OUTRO_SITE"


@dataclass(frozen=True)
class Simulated:
    """The answer to a simulated call: its receipt with the call's token, or the code of a fault."""

    notice: str = ""
    sentence: str = ""
    token: str = ""
    fault: str = ""
