"""The numbered system parameters: their texts, defaults and what values they take. Pure rules.

Source: manual, "Pré-condições"; docs/rules.md, Parameters.
"""

from dataclasses import dataclass

from soap_service.errors import InvalidValue, NotFound, Reason

WEB_SERVICES_ON = 281
CHILD_REQUEST_ON = 282
CHILD_REQUEST_SERVICE = 283


@dataclass(frozen=True)
class ParameterRule:
    """A parameter's title, published text and default value."""

    id: int
    title: str
    text: str
    default: str
    is_switch: bool


PARAMETERS = {
    rule.id: rule
    for rule in (
        ParameterRule(
            WEB_SERVICES_ON,
            "Integração com a telefonia",
            "Ativar os web services de integração com a telefonia?",
            "N",
            True,
        ),
        ParameterRule(
            CHILD_REQUEST_ON,
            "Solicitação filha a cada atendimento",
            "A telefonia deve lançar uma solicitação filha, referente à visualização de informações "
            "de uma solicitação já existente?",
            "N",
            True,
        ),
        ParameterRule(
            CHILD_REQUEST_SERVICE,
            "Serviço da solicitação filha",
            "Número de identificação do serviço para o qual a solicitação filha é lançada.",
            "",
            False,
        ),
    )
}


def rule_of(parameter_id: int) -> ParameterRule:
    """Return the parameter's rule; raises NotFound."""
    try:
        return PARAMETERS[parameter_id]
    except KeyError:
        raise NotFound(parameter_id) from None


def clean_value(parameter_id: int, value: str) -> str:
    """Return the value as it is stored; raises InvalidValue. The service's existence is the store's."""
    value = value.strip().upper()
    if rule_of(parameter_id).is_switch:
        value = "S" if value == "Y" else value
        if value not in ("S", "N"):
            raise InvalidValue(parameter_id, Reason.NO_SWITCH)
    elif value and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidValue(parameter_id, Reason.NO_SERVICE_NUMBER)
    return value
