"""Tables that administrators upload, each taken in by a process of its own: it holds up neither calls nor pages.

What is uploaded is personal data and has no name on any disk: the file is unlinked as it is made, and the process reads
it by its descriptor. So it ends with the request that brought it, however that ends. What the process is told, and the
database's password with it, stands in no list of processes: it comes by standard input.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

from soap_service.config import Settings
from soap_service.errors import InputRefused, StoreUnavailable
from soap_service.importing.files import Reading, TableKind, check_source, take_file
from soap_service.importing.jobs import Imported, ImportFailed, ImportJob
from soap_service.rules.auditing import Actor, ActorKind, acting
from soap_service.rules.import_causes import Cause, Told
from soap_service.storage.history_imports import RequestImportOptions
from soap_service.store import Store, open_store

#: How long a page waits for lines to be taken in; proxies wait half a minute for an answer.
JOB_SECONDS = 20.0
#: How much longer for a process that begins, or whose one line takes long.
_MORE_SECONDS = 8.0
#: What such a process may take of the memory: a spreadsheet's texts alone may have 64 MiB, several times as objects.
_MOST_MEMORY = 2 << 30


@dataclass(frozen=True)
class ImportProcess:
    """Takes files into the database of some settings."""

    settings: Settings
    seconds: float = JOB_SECONDS

    def __call__(self, job: ImportJob, file: IO[bytes], rejects: IO[bytes] | None, actor: Actor) -> Imported:
        """Take an open file in, in a process of its own, and wait for what became of its lines.

        Raises: InputRefused for what cannot be read, StoreUnavailable, ImportFailed.
        """
        file.flush()
        descriptors = [one.fileno() for one in (file, rejects) if one is not None]
        told = {
            "settings": {one.name: getattr(self.settings, one.name) for one in fields(Settings)},
            "job": asdict(job),
            "actor": asdict(actor),
            "files": descriptors,
            "seconds": self.seconds,
        }
        try:
            done = subprocess.run(  # noqa: S603 - this program, and nothing of the file
                [sys.executable, "-m", __name__],
                input=json.dumps(told).encode(),
                stdout=subprocess.PIPE,
                pass_fds=descriptors,
                timeout=self.seconds + _MORE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputRefused("file", Cause.TAKES_TOO_LONG()) from None
        if done.returncode:
            raise ImportFailed(f"the process ended with {done.returncode}")
        return _answer(json.loads(done.stdout))


def _answer(found: Mapping[str, Any]) -> Imported:
    if "unavailable" in found:
        raise StoreUnavailable(found["unavailable"])
    if "invalid" in found:
        key, cause = found["invalid"]
        raise InputRefused(key, _read(cause))
    return Imported(**{**found, "problems": [(int(line), _read(cause)) for line, cause in found["problems"]]})


def _written(told: str) -> Any:
    """Return a cause as it passes between processes; a sentence of the store's opening as it is."""
    return (told.cause.name, told.values) if isinstance(told, Told) else told


def _read(written: Any) -> Any:
    return written if isinstance(written, str) else Told(Cause[written[0]], written[1])


def take_in(
    store: Store, settings: Settings, job: ImportJob, name: str, rejects: Path | None, seconds: float
) -> Imported:
    """Take a file in; raises InputRefused, StoreUnavailable, OSError."""
    taker: Any
    if job.kind == TableKind.REQUESTERS:
        taker = store.tables.import_requesters(job.is_updating, job.is_dry)
    else:
        options = RequestImportOptions(
            check_source(job.source),
            store.calendars.current,
            settings.first_request_number,
            job.is_updating,
            job.is_creating,
            job.is_dry,
            job.has_history_file,
        )
        is_history = job.kind == TableKind.HISTORY
        taker = store.tables.import_history(options) if is_history else store.tables.import_requests(options)
    reading = Reading(job.maps, job.encoding, job.delimiter)
    summary = take_file(name, TableKind(job.kind), reading, taker, rejects, seconds=seconds)
    return Imported(
        lines=summary.lines,
        rejected=summary.rejected,
        added=summary.counts["added"],
        changed=summary.counts["changed"],
        left=summary.counts["left alone"],
        problems=summary.problems,
        unread=summary.unread,
        is_whole=summary.is_whole,
        unknown_responsibles=getattr(taker, "unknown_responsibles", 0),
        unknown_contacts=getattr(taker, "unknown_contacts", 0),
    )


def main() -> int:
    """Do what standard input tells, and say on standard output what became of it."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    told = json.load(sys.stdin)
    settings, job, actor = Settings(**told["settings"]), ImportJob(**told["job"]), Actor(**told["actor"])
    file, *rejects = (f"/dev/fd/{descriptor}" for descriptor in told["files"])
    answer: dict[str, Any]
    try:
        with acting(replace(actor, kind=ActorKind(actor.kind))):
            store = open_store(settings, create=False)
            try:
                rejected = Path(*rejects) if rejects else None
                taken = take_in(store, settings, job, file, rejected, told["seconds"])
                answer = vars(taken) | {"problems": [(line, _written(cause)) for line, cause in taken.problems]}
            finally:
                store.close()
    except InputRefused as refusal:
        answer = {"invalid": [refusal.key, _written(refusal.sentence)]}
    except StoreUnavailable as outage:
        answer = {"unavailable": outage.reason}
    except MemoryError:
        answer = {"invalid": ["file", _written(Cause.TAKES_TOO_MUCH_MEMORY())]}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
