"""Keeps the audit of a running process: writes what was noted, seals it, passes it on, purges what is too old.

One thread, away from calls and pages. What the audit has is the truth; the lines that are passed on are a copy.
"""

import logging
import logging.handlers
import os
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from soap_service.config import SYSLOG, Settings
from soap_service.errors import StoreUnavailable
from soap_service.keepers.keeper import Keeper
from soap_service.rules.auditing import as_line, told_row
from soap_service.store import Sealed, Store, told_seal

log = logging.getLogger(__name__)

_WRITE_SECONDS = 1.0
_SEAL_SECONDS = 10.0
_PURGE_SECONDS = 3600.0
#: How long a purge rests between two pieces, so that it holds up nothing.
_REST_SECONDS = 0.2
_PIECE = 500


class AuditKeeper(Keeper):
    """Keeps the audit; while the database does not answer, what was noted waits."""

    def __init__(self, store: Store, settings: Settings, is_keeper: Callable[[], bool] = lambda: True) -> None:
        super().__init__("audit", _WRITE_SECONDS)
        self._is_keeper = is_keeper
        self._store = store
        self._persons = settings.persons_per_hour
        self._age = timedelta(days=settings.audit_days)
        self._output = Output(settings.audit_output)
        self._sealed_at = self._purged_at = time.monotonic()

    def close(self) -> None:
        """Write and seal what is left; nothing may be noted any more."""
        super().close()
        try:
            self._store.audit.flush()
            self._seal()
        except StoreUnavailable:
            log.error("the audit could not be sealed: the database does not answer")
        self._output.close()

    def keep(self) -> None:
        """Write what was noted; seal and purge when it is time, in one worker of a service."""
        self._store.audit.flush()
        if not self._is_keeper():
            return
        now = time.monotonic()
        if now - self._sealed_at >= _SEAL_SECONDS:
            self._sealed_at = now
            self._seal()
        if self._age and now - self._purged_at >= _PURGE_SECONDS:
            self._purged_at = now
            self._purge()

    def _seal(self) -> None:
        while (sealed := self._store.audit_seals.seal(self._persons)) is not None:
            self._output.write(sealed)

    def _purge(self) -> None:
        before = self._store.now() - self._age
        while self._store.audit_seals.purge(before, _PIECE) == _PIECE:
            if self._ending.wait(_REST_SECONDS):
                return


class Output:
    """Where sealed rows are written as JSON lines, too: a file, a syslog, or nowhere."""

    def __init__(self, place: str) -> None:
        self._file = None if not place or place.startswith(SYSLOG) else Path(place)
        self._syslog = _syslog(place.removeprefix(SYSLOG)) if place.startswith(SYSLOG) else None

    def write(self, sealed: Sealed) -> None:
        """Write the rows of a batch and its seal; what cannot be written is logged, and stays in the audit."""
        lines = [as_line({**told_row(row), "seal": sealed.seal.id}) for row in sealed.rows]
        lines.append(as_line({**told_seal(sealed.seal), "digest": sealed.seal.digest}))
        try:
            if self._file is not None:
                _append(self._file, lines)
            if self._syslog is not None:
                for line in lines:
                    self._syslog.emit(logging.makeLogRecord({"msg": "soap-service-audit: " + line}))
        except OSError as error:
            log.error("the audit: seal %d was not passed on: %s", sealed.seal.id, error.strerror or error)

    def close(self) -> None:
        """Close the syslog's socket."""
        if self._syslog is not None:
            self._syslog.close()


class _Syslog(logging.handlers.SysLogHandler):
    """A syslog whose errors are told to who writes."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        raise


def _syslog(place: str) -> _Syslog:
    facility = logging.handlers.SysLogHandler.LOG_AUTHPRIV
    if place.startswith("/"):
        return _Syslog(place, facility)
    host, _, port = place.rpartition(":")
    return _Syslog((host.strip("[]"), int(port)), facility)


def _append(file: Path, lines: Iterable[str]) -> None:
    """Append lines to a file that is its owner's alone; it is opened anew each time, so that it may be rotated."""
    descriptor = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))
