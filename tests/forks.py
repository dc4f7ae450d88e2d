"""Processes of the soap-service command that begin with its modules loaded: loading takes a second of a processor.

The tests start the command some hundred times. So one process loads it, once for each worker, and each start is a fork
of that one, which gets arguments, environment, folder and standard streams of its own and ends as an interpreter ends.
What the interpreter must know before it begins, a start tells by being a program of its own: see `_is_for_interpreter`.
So is the start by the installed command itself, in tests/service/test_install.py and test_command.py.
"""

import fcntl
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

from sqlalchemy.orm import configure_mappers

import soap_service

#: What a start loads late.
_LATE = ("alembic.command", "httptools", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "uvicorn.loops.uvloop")
_MOST_BYTES, _MOST_FILES = 1 << 20, 16


class Fork:
    """A running command, as `subprocess.Popen` would tell of it."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            status = int(os.read(self._ended, 8) or signal.SIGKILL)  # nothing is told where the loader itself has ended
            os.close(self._ended)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raise subprocess.TimeoutExpired when it runs for longer."""
        if self.returncode is None and not select.select([self._ended], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("soap-service", timeout or 0)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, what: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_command(
    arguments: Sequence[str | bytes],
    stdin: IO[Any] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
    **environment: str,
) -> "Fork | subprocess.Popen[bytes]":
    """Start `soap-service` with these arguments and settings, and streams that are ours where none is given."""
    changed = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    everything = {**os.environ, **environment}
    if any(_is_for_interpreter(name) for name in changed):
        command = [sys.executable, "-m", "soap_service", *arguments]
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=everything)
    files = {number: file.fileno() for number, file in enumerate((stdin, stdout, stderr)) if file is not None}
    return _loader().start("soap_service.cli", [os.fsdecode(one) for one in arguments], everything, files)


def run_command(
    *arguments: str | bytes, stdin: str = "", timeout: float = 60, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `soap-service` to its end and return what it said."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = start_command(arguments, given, out, err, **environment)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said = [_read_all(one) for one in (out, err)]
    return subprocess.CompletedProcess(["soap-service", *arguments], status, *said)


def run_import(command: list[str], *, timeout: float, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """Do what `subprocess.run` does with the process that takes a table in: see soap_service/import_process.py."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(options["input"])
        given.seek(0)
        files = {0: given.fileno(), 1: out.fileno(), **{one: one for one in options["pass_fds"]}}
        process = _loader().start(command[-1], [], os.environ, files)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        return subprocess.CompletedProcess(command, status, out.read())


def end_loader() -> None:
    """End the process that is forked, and what still runs of its forks."""
    if _loader.cache_info().currsize:
        _loader().close()
        _loader.cache_clear()


def _is_for_interpreter(name: str) -> bool:
    """Tell whether a variable is read before any module of ours is: by the linker, the interpreter, the C library."""
    return name != "PYTHONUNBUFFERED" and name.startswith(("PYTHON", "LD_", "LC_", "LANG", "MALLOC_"))


def _read_all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


class _Loader:
    """The tests' end of the process that is forked."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[1]
            )

    def start(
        self, module: str, arguments: list[str], environment: Mapping[str, str], files: Mapping[int, int]
    ) -> Fork:
        """Run the `main` of a module, with open files of ours by the numbers that they have there."""
        ended, ending = os.pipe()
        files = {0: 0, 1: 1, 2: 2, **files}
        told = json.dumps([list(files), module, arguments, dict(environment), str(Path.cwd())]).encode()
        try:
            socket.send_fds(self._channel, [told], [ending, *files.values()])
        finally:
            os.close(ending)
        pid = self._channel.recv(16)
        assert pid, "the process that is forked has ended"
        return Fork(int(pid), ended)

    def close(self) -> None:
        self._channel.close()
        self._process.wait(30)


_loader = cache(_Loader)


def _serve(channel: socket.socket) -> int:
    """Fork for each message; return in a fork the command's exit status, and in the process itself at the end."""
    for module in walk_packages(soap_service.__path__, "soap_service."):
        if not module.name.startswith("soap_service.migrations") and not module.name.endswith("__main__"):
            import_module(module.name)
    for name in _LATE:
        import_module(name)
    configure_mappers()
    gc.collect()
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests' to handle
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([channel, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ended(running)
        if channel not in ready:
            continue
        told, files, _, _ = socket.recv_fds(channel, _MOST_BYTES, _MOST_FILES)
        if not told:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
            return 0
        pid = os.fork()
        if pid == 0:
            channel.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            return _become(files[1:], *json.loads(told))
        running[pid], *others = files
        for file in others:
            os.close(file)
        channel.send(str(pid).encode())


def _tell_ended(running: dict[int, int]) -> None:
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            told = running.pop(pid)
            os.write(told, str(status).encode())
            os.close(told)


def _become(
    files: list[int], numbers: list[int], module: str, arguments: list[str], environment: dict[str, str], folder: str
) -> int:
    """Run the `main` of a module in this process, as if it were begun for it."""
    above = max(*files, *numbers) + 1
    held = [fcntl.fcntl(file, fcntl.F_DUPFD, above) for file in files]  # no number may be taken twice
    for file, number in zip(held, numbers, strict=True):
        os.dup2(file, number)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - their numbers
        if int(name) not in numbers:
            with suppress(OSError):  # of the list itself
                os.close(int(name))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    time.tzset()
    is_unbuffered = bool(environment.get("PYTHONUNBUFFERED"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        binary = os.fdopen(number, "rb" if number == 0 else "wb", 0 if is_unbuffered and number else -1)
        is_by_line = number == 2 or os.isatty(number)
        new = io.TextIOWrapper(binary, old.encoding, old.errors, line_buffering=is_by_line, write_through=is_unbuffered)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    main = sys.modules[module]
    sys.argv = [str(main.__file__), *arguments]
    status: int = main.main()
    return status


if __name__ == "__main__":
    sys.exit(_serve(socket.socket(fileno=int(sys.argv[1]))))
