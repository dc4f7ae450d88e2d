"""What goes wrong becomes a page: refused, not found, too large, busy, failed."""

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from soap_service.screens import access, administration
from soap_service.screens.bounded_request import LARGEST_UPLOAD
from soap_service.screens.language import N_
from soap_service.screens.requests import resuming
from soap_service.screens.routes import page_of
from soap_service.screens.visit import Visit, WrongFormToken

_TITLES = {
    401: N_("Sua sessão terminou"),
    403: N_("Você não tem permissão"),
    404: N_("Página não encontrada"),
    405: N_("Esta página não aceita essa ação"),
    413: N_("O formulário é grande demais"),
    500: N_("Algo deu errado"),
    503: N_("O sistema está ocupado"),
}
_ADVICE = {
    401: N_("Entre de novo para continuar."),
    403: N_("Seu usuário não pode fazer isso. Se precisar, fale com o administrador."),
    404: N_("O endereço não existe, ou o que ele mostrava não existe mais."),
    405: N_("Volte ao início e tente pelo menu."),
    413: N_("Volte, encurte o texto e envie de novo."),
    500: N_("O erro foi registrado. Se ele se repetir, informe o número abaixo."),
    503: N_("O banco de dados não respondeu a tempo. Aguarde um instante e tente de novo."),
}
_FILE_TOO_LARGE = N_(
    "O arquivo passa de %(size)d MiB. Divida-o, ou use o comando soap-service import, que não tem limite."
)
_TOO_MANY_LOGINS = N_("Muitas pessoas estão entrando ao mesmo tempo. Aguarde alguns segundos e tente de novo.")
_ANY_TITLE, _ANY_ADVICE = N_("O pedido não pôde ser atendido"), N_("Volte ao início e tente de novo.")


def refusal_page(visit: Visit, refusal: HTTPException, request_number: object = None) -> Response:
    """Return the page of a refusal, with what was typed; `request_number` leads back to a request."""
    code = refusal.code or 400
    kept = resuming.keep_form(visit) if code == 401 or isinstance(refusal, WrongFormToken) else None
    page = "" if code == 413 else page_of(visit)
    if code == 401 and "form_token" in visit.request.form and (kept is not None or not visit.typed_texts()):
        return access.ask_again(visit, page, kept)
    title = visit.gettext(_TITLES.get(code, _ANY_TITLE))
    advice = visit.gettext(_ADVICE.get(code, _ANY_ADVICE))
    if code == 413 and visit.request.path == administration.IMPORTING:
        advice = visit.gettext(_FILE_TOO_LARGE) % {"size": LARGEST_UPLOAD >> 20}
    elif isinstance(refusal, WrongFormToken):
        title = visit.gettext("Esta página ficou aberta por muito tempo")
        advice = visit.gettext("Nada foi gravado. Abra a página de novo e repita o que fez.")
        if kept is not None:
            advice = visit.gettext("Nada foi gravado. Volte ao formulário, confira o que digitou e envie de novo.")
    elif request_number is not None:
        advice = visit.gettext("Você não pode executar esta solicitação. Quem executa é o grupo executor dela.")
    response = visit.render(
        "error.html",
        code,
        title=title,
        advice=advice,
        incident="",
        typed=[] if code == 413 else visit.typed_texts(),
        kept=kept if visit.login else None,  # a button that leads back to the form needs a log-in's token
        back=f"/solicitacoes/{request_number}" if request_number is not None else "",
        page=page,
        is_outsider=visit.login is None,
        notice=None,
    )
    if isinstance(refusal, MethodNotAllowed) and refusal.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(refusal.valid_methods))
    return response


def busy_page(visit: Visit) -> Response:
    """Say, at little cost, that too many passwords wait to be checked."""
    response = failure_page(visit, 503, advice=_TOO_MANY_LOGINS)
    response.headers["Retry-After"] = "5"
    return response


def failure_page(visit: Visit, code: int, incident: str = "", advice: str = "") -> Response:
    """Return the page of a failure, which asks the store nothing; an `incident` is the failure's number in the log."""
    visit.ask_no_more()
    return visit.render_alone(
        "error.html",
        code,
        title=visit.gettext(_TITLES[code]),
        advice=visit.gettext(advice or _ADVICE[code]),
        incident=incident,
        typed=visit.typed_texts() if code == 503 and not advice else [],
        kept=None,
        back="",
        page="",
        is_outsider=False,
    )
