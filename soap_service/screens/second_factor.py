"""An agent's second factor: set up with an authenticator app, recovery codes shown once, removed with the password."""

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, LoginRefused, NotFound, SecretKeyMissing
from soap_service.rules.totp import address_of, written_key
from soap_service.screens.forms import Form
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.password import refuse_own_password
from soap_service.screens.qr_code import draw_qr_code
from soap_service.screens.visit import Visit

REMOVED = declare("segundo-fator-desligado", N_("Segundo fator desligado. Suas outras sessões terminaram."))
PATH = "/preferencias/segundo-fator"

_NO_KEY = N_(
    "Este servidor ainda não pode guardar segundos fatores: o administrador precisa configurar secrets_key_file."
)
_WRONG_CODE = N_(
    "O código não confere. Veja se a hora do telefone está certa e digite o código que o aplicativo mostra."
)
_LONGEST_CODE = 60
#: A longer one would not go into the QR code.
_LONGEST_HOST = 100


def show_second_factor(visit: Visit) -> Response:
    """Show whether the agent has a second factor, and what can be done."""
    return _page(visit, visit.form(codigo=""))


def change_second_factor(visit: Visit) -> Response:
    """Begin to set one up; with the password, confirm it by a code, make new recovery codes, or remove it."""
    action = visit.request.form.get("acao", "")
    if action == "iniciar":
        return _begin(visit)
    form = visit.form()
    key = None
    if action == "confirmar":
        try:
            key = visit.store.second_factors.begun_key(visit.agent.id)
        except NotFound:  # confirmed already, or too long ago
            return _lead_here(visit)
        except SecretKeyMissing:
            return _page(visit, form, 503, visit.gettext(_NO_KEY))
    if refused := refuse_own_password(visit, form):
        return _page(visit, form, refused, key=key)
    if action == "confirmar":
        return _confirm(visit, form, key)
    try:
        if action == "codigos":
            return _codes_page(visit, visit.store.second_factors.renew_codes(visit.agent.id))
        if action == "desligar":
            must_set_up = visit.agent.role in visit.premises.second_factor_of
            visit.store.second_factors.remove(visit.agent.id, visit.own_login.id_hash, must_set_up)
            return visit.redirect(PATH, REMOVED)
    except NotFound:
        pass
    return _lead_here(visit)


def _begin(visit: Visit) -> Response:
    try:
        key = visit.store.second_factors.begin(visit.agent.id)
    except AlreadyExists:
        return _lead_here(visit)
    except SecretKeyMissing:
        return _page(visit, visit.form(codigo=""), 503, visit.gettext(_NO_KEY))
    return _page(visit, visit.form(codigo=""), key=key)


def _confirm(visit: Visit, form: Form, key: bytes | None) -> Response:
    code = visit.request.form.get("codigo", "")[:_LONGEST_CODE]
    try:
        codes = visit.store.second_factors.confirm(visit.agent.id, code, visit.own_login.id_hash)
    except LoginRefused:
        form.refuse("codigo", visit.gettext(_WRONG_CODE))
        return _page(visit, form, 422, key=key)
    except NotFound:
        return _lead_here(visit)
    visit.own_login.must_set_up_factor = False
    return _codes_page(visit, codes)


def _lead_here(visit: Visit) -> Response:
    return visit.redirect(PATH)


def _codes_page(visit: Visit, codes: list[str]) -> Response:
    return visit.render("recovery_codes.html", codes=codes, return_path=visit.return_path())


def _page(visit: Visit, form: Form, status: int = 200, sentence: str = "", key: bytes | None = None) -> Response:
    agent = visit.agent
    form.values["codigo"] = ""
    shown: dict[str, object] = {"qr_code": "", "written_key": ""}
    if key is not None:
        host = visit.request.host.partition(":")[0][:_LONGEST_HOST]
        drawing = draw_qr_code(address_of(key, agent.login, host), visit.gettext("Código QR para o aplicativo"))
        shown = {"qr_code": drawing, "written_key": written_key(key)}
    return visit.render(
        "second_factor.html",
        status,
        form=form,
        sentence=sentence,
        codes_left=visit.store.second_factors.codes_left(agent.id) if agent.second_factor_at else 0,
        is_required=agent.role in visit.premises.second_factor_of,
        return_path=visit.return_path(),
        **shown,
    )
