"""What a browser sees at the address of the web services, which only a POST can use, and the integration guide."""

from functools import cache
from pathlib import Path

from markupsafe import Markup
from werkzeug.wrappers import Response

from soap_service.screens.language import N_
from soap_service.screens.visit import Visit

_OPERATIONS = {
    "obterQtdeSolicitacoes": N_("Quantas solicitações de um CPF/CNPJ estão em andamento."),
    "obterDadosSolicitacao": N_("Abertura, prazo e situação de uma solicitação."),
    "novaSolicitacao": N_("Anuncia uma ligação no ramal de um atendente."),
    "visualizarSolicitacao": N_("Anuncia uma ligação sobre uma solicitação que já existe."),
}
_GUIDE = Path(__file__).parent.parent / "static" / "integration-guide.md"
_COMMAND = """curl -H 'Content-Type: text/xml' {address} -d '
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
  <obterQtdeSolicitacoes xmlns="urn:soap-service:telefonia:v1"><cpf>11144477735</cpf></obterQtdeSolicitacoes>
</e:Body></e:Envelope>'"""


def show_endpoint(visit: Visit) -> Response:
    """Show what is here and how it is called."""
    command = _COMMAND.format(address=visit.premises.endpoint_url)
    return visit.render("endpoint.html", operations=_OPERATIONS, command=command, notice=None)


def show_guide(visit: Visit) -> Response:
    """Show what a platform does with each answer."""
    return visit.render("integration_guide.html", guide=_read_guide(), notice=None)


@cache
def _read_guide() -> Markup:
    """Return the guide as HTML; what it says of other files of the repository is no link on a page."""
    from markdown_it import MarkdownIt  # 13 ms, which a process whose guide nobody reads does not need

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_GUIDE.read_text("utf-8"))
    for block in tokens:
        block.children = [token for token in block.children or () if not token.type.startswith("link_")]
    html = markdown.renderer.render(tokens, markdown.options, {})
    html = html.replace("<table>", '<div class="scrolls" tabindex="0"><table>').replace("</table>", "</table></div>")
    return Markup(html)  # noqa: S704 - our own file
