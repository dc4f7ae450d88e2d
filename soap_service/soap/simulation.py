"""A call that an agent simulates: a real message through the SOAP dispatcher, its receipt or fault back.

The dispatcher admits it because it comes from this process, as an integration of its own: there is no secret to steal,
and from outside there is no way to be that integration.
"""

import asyncio
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from xml.sax.saxutils import escape

from lxml import etree

from soap_service.rules.calls import Simulated
from soap_service.services import NAMESPACE
from soap_service.soap.dispatcher import ANSWER_SECONDS, Dispatcher, Post, Reply
from soap_service.store import KnownIntegration, Store

#: What is said when the dispatcher gave no answer at all.
UNAVAILABLE = "INDISPONIVEL"
_MESSAGE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<novaSolicitacao xmlns="{namespace}"><cpf>{document}</cpf><ramal>{extension}</ramal></novaSolicitacao>'
    "</soapenv:Body></soapenv:Envelope>"
)


class Simulation:
    """Simulated calls of one process. `loop` is the dispatcher's event loop, known once the server has started."""

    def __init__(self, dispatcher: Dispatcher, store: Store) -> None:
        self._dispatcher, self._store = dispatcher, store
        self.loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, document: str, extension: str, language: str) -> Simulated:
        """Announce a call at an extension and return what the dispatcher answered; the receipt speaks that language.

        For a thread of the screens: it waits for the event loop. Raises: StoreUnavailable.
        """
        kept = self._store.integrations.find_simulation()
        integration = KnownIntegration(kept.id, kept.name, language)
        said = {"document": escape(document), "extension": escape(extension)}
        body = _MESSAGE.format(namespace=NAMESPACE, **said).encode()
        if self.loop is None:
            return Simulated(fault=UNAVAILABLE)
        answer = self._dispatcher.simulate(Post(body, "text/xml; charset=utf-8", b"", None), integration)
        future = asyncio.run_coroutine_threadsafe(answer, self.loop)
        try:
            return _read(future.result(ANSWER_SECONDS + 1))
        except (FutureTimeout, CancelledError):  # the event loop itself hangs, or the process ends
            future.cancel()
            return Simulated(fault=UNAVAILABLE)


def _read(reply: Reply) -> Simulated:
    """Read one of the dispatcher's own answers."""
    found = {etree.QName(one).localname: one.text or "" for one in etree.fromstring(reply.body).iter()}
    if "aviso" not in found:
        return Simulated(fault=found.get("codigo") or found.get("faultcode", ""))
    return Simulated(found["aviso"], found["mensagem"], found["url"].rpartition("/")[2])
