"""What can become of a call: when it is announced, and later. Words only; `model.Call.state` decides."""

from enum import StrEnum


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
    MISSED = "perdida"
