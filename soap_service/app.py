"""The composition root: one ASGI application for SOAP, streams and screens, on one store.

The only module that sees everything.
"""

import asyncio
import logging
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

from soap_service.asgi.messages import Receive, Scope, Send, client_of, respond, respond_text
from soap_service.asgi.wsgi_bridge import Bridge, WsgiApplication
from soap_service.config import Settings
from soap_service.errors import StoreUnavailable
from soap_service.identity.provider import IdentityProvider
from soap_service.import_process import ImportProcess
from soap_service.keepers.audit import AuditKeeper
from soap_service.keepers.guessing import GuessingKeeper
from soap_service.keepers.retention import RetentionKeeper
from soap_service.live.proofs import PATH as PROOFS_PATH
from soap_service.live.streams import Streams
from soap_service.metrics import exposition
from soap_service.rate_limit import OWN_LIMITS
from soap_service.rules.credentials import FIRST_COMMAND, is_open
from soap_service.siblings import Siblings
from soap_service.soap.endpoint import Endpoint, is_endpoint, wants_page
from soap_service.soap.simulation import Simulation
from soap_service.store import open_store

#: The post of a log-in, which hashes a password, and the others that do: an agent's new password, one's own.
_LOG_IN = "/entrar"
_CHOOSING = re.compile(r"/administracao/atendentes/(novo|[0-9]+/senha)|/preferencias/(senha|segundo-fator|sessoes)")
#: What waits for the provider of single sign-on.
_ASKING = re.compile(r"/entrar/provedor(/volta|/saida)?")
#: The post that brings a file.
UPLOADING = "/administracao/importar"
_LOOPBACK = ("127.0.0.1", "::1")

log = logging.getLogger(__name__)


class App:
    """Everything that one process serves, one of several workers of a service where it has `siblings`."""

    def __init__(self, settings: Settings, siblings: Siblings | None = None) -> None:
        self.store = open_store(settings)
        if siblings is not None:
            self.store.write_in_turn(siblings.turns)
        is_keeper = _is_alone if siblings is None else siblings.is_keeper
        worker = f"{socket.gethostname()}:{settings.port}:{os.getpid()}"
        self.streams = Streams(self.store, worker, settings.is_https, is_keeper)
        self.has_started = False
        self.limits = OWN_LIMITS if siblings is None else siblings.limits
        self._settings, self._siblings, self._is_keeper = settings, siblings, is_keeper
        self._audit = AuditKeeper(self.store, settings, is_keeper)
        self._retention = RetentionKeeper(self.store, settings, is_keeper)
        self.endpoint = Endpoint(self.store, settings, self.limits)
        guessing = self.endpoint.dispatcher.guessing
        self._guessing = GuessingKeeper(guessing.flush)
        guessing.wake = self._guessing.wake
        self._simulation = Simulation(self.endpoint.dispatcher, self.store)
        # Few: each of their threads holds a connection, and while the database is frozen probes pile up.
        self._probes = ThreadPoolExecutor(2, thread_name_prefix="probe")
        # Made here, so that a secret that cannot be read is told at the start.
        self._provider = (
            IdentityProvider(settings, lambda: self.store.now().timestamp()) if settings.oidc_issuer else None
        )
        kinds = (_hashes, _uploads, settings.endpoint_url, _asks, _chooses)
        self._bridge = Bridge(
            self._make_screens, settings.proxies, settings.request_seconds, *kinds, begin_thread=self.store.give_way
        )

    def _make_screens(self) -> WsgiApplication:
        from soap_service.screens.app import Screens  # an eighth of what is loaded, which no call need wait for

        settings = self._settings
        return Screens(
            self.store,
            settings.zone,
            settings.login_limits,
            settings.is_https,
            self._simulation,
            settings.endpoint_url,
            ImportProcess(settings),
            settings.second_factor_of,
            self._provider,
            settings.allowed_password_logins,
            settings.framing_origins,
            self.limits,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lead a request to what answers its path."""
        if scope["type"] == "http":
            path = scope["path"]
            if is_endpoint(path) and wants_page(scope):
                await self._bridge({**scope, "path": "/soap", "raw_path": b"/soap"}, receive, send)
            elif is_endpoint(path):
                await self.endpoint(scope, receive, send)
            elif scope["method"] == "POST" and path != PROOFS_PATH:
                await self._bridge(scope, receive, send)
            elif path in ("/eventos", PROOFS_PATH):
                await self.streams(scope, receive, send)
            elif path in ("/healthz", "/readyz", "/metrics"):
                await self._tell_health(path, scope, send)
            else:
                await self._bridge(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _tell_health(self, path: str, scope: Scope, send: Send) -> None:
        """Answer the probes: /healthz, the process runs; /readyz, its database answers; /metrics, from here only."""
        if path == "/healthz":
            await respond_text(send, 200, "ok")
        elif path == "/readyz":
            is_ready = await asyncio.get_running_loop().run_in_executor(self._probes, self.store.schema.is_ready)
            await respond_text(send, 200 if is_ready else 503, "ok" if is_ready else "the database does not answer")
        elif client_of(scope, self._settings.proxies) in _LOOPBACK:
            self.endpoint.dispatcher.call_log.flush()
            await respond(send, 200, b"text/plain; version=0.0.4; charset=utf-8", exposition())
        else:
            await respond_text(send, 403, "metrics are for this machine only")

    def _list_open_integrations(self) -> list[str]:
        """Return the names of those that let in whoever reaches the service."""
        return [one.name for one in self.store.integrations.list_all() if one.secret_hash is None and is_open(one)]

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the server's start and end."""
        await receive()
        self._simulation.loop = asyncio.get_running_loop()
        try:
            await self.streams.start()
        except StoreUnavailable:
            await send({"type": "lifespan.startup.failed", "message": "the database does not answer"})
            return
        if self._siblings is not None and not self.store.traits.notifies_processes:
            self._siblings.watch(self.streams.notice_commit)
            self.store.subscribe(self._siblings.wake_others)
        if self._is_keeper():
            await self._warn()
        self._bridge.start()
        self._audit.start()
        self._retention.start()
        self._guessing.start()
        self.has_started = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.streams.close()
        self.endpoint.dispatcher.close()
        self._bridge.close()
        self._retention.close()
        self._guessing.close()
        self._audit.close()
        self._probes.shutdown(wait=True, cancel_futures=True)
        self.store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _warn(self) -> None:
        """Log what an administrator should mend."""
        if not await asyncio.get_running_loop().run_in_executor(self._probes, self.store.first_steps.has_agents):
            log.warning("there is no agent yet, and nobody can log in; add the first: %s", FIRST_COMMAND)
        for name in await asyncio.get_running_loop().run_in_executor(self._probes, self._list_open_integrations):
            log.warning("integration %s has no secret and is open to every address: give it its networks", name)
        unreadable = await asyncio.get_running_loop().run_in_executor(
            self._probes, self.store.second_factors.list_unreadable
        )
        if unreadable:
            file = self.store.second_factors.secret_key.file or "secrets_key_file, which is not set"
            log.warning("the codes of %d agents cannot be checked, their key is not in %s", len(unreadable), file)


def _is_alone() -> bool:
    return True


def _hashes(method: str, path: str) -> bool:
    return method == "POST" and path == _LOG_IN


def _chooses(method: str, path: str) -> bool:
    return method == "POST" and _CHOOSING.fullmatch(path) is not None


def _asks(_method: str, path: str) -> bool:
    return _ASKING.fullmatch(path) is not None


def _uploads(method: str, path: str) -> bool:
    return method == "POST" and path == UPLOADING
