"""SOAP over HTTP: bodies in, answers out, the WSDL. Knows nothing of what messages say, nor of the screens."""

import re

from soap_service.asgi.messages import (
    BodyCut,
    BodyIncomplete,
    BodyTooLarge,
    Receive,
    Scope,
    Send,
    client_of,
    header,
    prefers_html,
    read_body,
    respond,
    respond_text,
)
from soap_service.config import Settings
from soap_service.errors import CrossSite
from soap_service.rate_limit import OWN_LIMITS, Limits
from soap_service.services import make_application
from soap_service.soap.dispatcher import Dispatcher, Post
from soap_service.soap.message import (
    MAX_BODY_BYTES,
    MESSAGE_NOT_WHOLE,
    MESSAGE_TOO_LARGE,
    MessageRefused,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from soap_service.soap.origins import Origins
from soap_service.soap.wsdl import build_wsdl
from soap_service.store import Store

_CLOSE = (b"connection", b"close")
_VARY = (b"vary", b"accept")
_WSDL_QUERY = re.compile(rb"(?i)(?:^|&)(?:single)?wsdl(?:=|&|$)")


def is_endpoint(path: str) -> bool:
    """Tell whether that is the endpoint's path; slashes at its ends are of no matter."""
    return path.strip("/") == "soap" and path.startswith("/")


def wants_page(scope: Scope) -> bool:
    """Tell whether a browser looks at the endpoint: it asks for no WSDL, and prefers HTML."""
    is_looking = scope["method"] in ("GET", "HEAD") and not _WSDL_QUERY.search(scope["query_string"])
    return is_looking and prefers_html(header(scope, b"accept").decode("latin-1"))


class Endpoint:
    """The ASGI application at /soap; `fast_path` takes plain reads to its dispatcher without it."""

    def __init__(self, store: Store, settings: Settings, limits: Limits = OWN_LIMITS) -> None:
        application = make_application()
        self.dispatcher = Dispatcher(application, store, settings, limits)
        self._settings = settings
        self._origins = Origins(settings)
        self._wsdl = build_wsdl(application, settings.endpoint_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        method = scope["method"]
        if method == "POST":
            await self._post(scope, receive, send)
        elif method not in ("GET", "HEAD"):
            await respond_text(send, 405, "Use POST para chamar os web services.", [(b"allow", b"GET, HEAD, POST")])
        elif _WSDL_QUERY.search(scope["query_string"]):
            await respond(send, 200, b"text/xml; charset=utf-8", self._wsdl)
        else:
            await respond_text(
                send, 200, f"Web services de telefonia. WSDL: {self._settings.endpoint_url}?wsdl", [_VARY]
            )

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(scope, receive, MAX_BODY_BYTES, self._settings.request_seconds)
            reply = await self.dispatcher.answer(self.post_of(scope, body))
        except CrossSite:
            await respond_text(send, 403, "Uma página de outro site não pode chamar os web services.", [_CLOSE])
            return
        except UnsupportedEncoding:
            sentence = "O corpo está comprimido ou codificado: envie-o sem Content-Encoding."
            await respond_text(send, 415, sentence, [(b"accept-encoding", b"identity")])
            return
        except UnsupportedMediaType:
            await respond_text(send, 415, "O tipo de mídia não é de uma mensagem SOAP: use text/xml.", [_CLOSE])
            return
        except BodyCut:
            await self._refuse(MessageRefused(MESSAGE_NOT_WHOLE), scope, send)
            return
        except BodyTooLarge:
            await self._refuse(MessageRefused(MESSAGE_TOO_LARGE, limit=MAX_BODY_BYTES // 1024), scope, send)
            return
        except BodyIncomplete:
            await respond_text(send, 408, "A requisição não chegou inteira a tempo.", [_CLOSE])
            return
        await respond(send, reply.status, reply.media_type, reply.body, reply.headers)

    async def _refuse(self, refusal: MessageRefused, scope: Scope, send: Send) -> None:
        content_type = header(scope, b"content-type").decode("latin-1")
        reply = self.dispatcher.refuse(refusal, content_type, client_of(scope, self._settings.proxies))
        await respond(send, reply.status, reply.media_type, reply.body, (_CLOSE,))

    def post_of(self, scope: Scope, body: bytes) -> Post:
        """Return a request as the dispatcher takes it."""
        fields = dict(reversed(scope["headers"]))  # of two fields with one name the first
        return Post(
            body,
            fields.get(b"content-type", b"").decode("latin-1"),
            fields.get(b"authorization", b""),
            client_of(scope, self._settings.proxies),
            scope["query_string"],
            _encoding_of(fields.get(b"content-encoding", b"")),
            self._origins.is_foreign(fields),
        )


def _encoding_of(value: bytes) -> str:
    """Return the codings of a Content-Encoding, empty if they change nothing."""
    codings = [coding.strip() for coding in value.decode("latin-1").lower().split(",")]
    return ",".join(coding for coding in codings if coding not in ("", "identity"))
