"""What a browser sees at the address of the web services, which only a POST can use."""

from werkzeug.wrappers import Response

from soap_service.screens.language import N_
from soap_service.screens.visit import Visit

_OPERATIONS = {
    "obterQtdeSolicitacoes": N_("Quantas solicitações de um CPF/CNPJ estão em andamento."),
    "obterDadosSolicitacao": N_("Abertura, prazo e situação de uma solicitação."),
    "novaSolicitacao": N_("Anuncia uma ligação no ramal de um atendente."),
    "visualizarSolicitacao": N_("Anuncia uma ligação sobre uma solicitação que já existe."),
}
_COMMAND = """curl -H 'Content-Type: text/xml' {address} -d '
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
  <obterQtdeSolicitacoes xmlns="urn:soap-service:telefonia:v1"><cpf>11144477735</cpf></obterQtdeSolicitacoes>
</e:Body></e:Envelope>'"""


def show_endpoint(visit: Visit) -> Response:
    """Show what is here and how it is called."""
    command = _COMMAND.format(address=visit.premises.endpoint_url)
    return visit.render("endpoint.html", operations=_OPERATIONS, command=command, notice=None)
