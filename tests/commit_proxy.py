"""A network between service and PostgreSQL that breaks exactly at COMMIT: before it arrives, or before its answer."""

import re
import socket
import threading
from contextlib import suppress

_COMMIT = b"COMMIT\x00"
#: A statement that is prepared under a name goes by it afterwards.
_PREPARED = re.compile(rb"(\w+)\x00COMMIT\x00")


class CommitProxy:
    """Forward connections to a server; cut the next `cuts` of them at a COMMIT, every second one after it arrived."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self.cut_before = 0
        self.cut_after = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(self._target)
                except OSError:
                    near.close()
                    continue
                threading.Thread(target=self._forward_requests, args=(near, far), daemon=True).start()
                threading.Thread(target=_forward, args=(far, near), daemon=True).start()

    def _forward_requests(self, near: socket.socket, far: socket.socket) -> None:
        commits = {_COMMIT}
        with suppress(OSError):
            while data := near.recv(65536):
                commits |= {b"\x00%b\x00" % name for name in _PREPARED.findall(data)}
                if any(commit in data for commit in commits) and self._take_cut():
                    if self.cut_before <= self.cut_after:
                        self.cut_before += 1
                    else:
                        self.cut_after += 1
                        near.shutdown(socket.SHUT_RDWR)  # the answer finds nobody
                        far.sendall(data)
                        far.recv(1)
                    break
                far.sendall(data)
        for one in (near, far):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _take_cut(self) -> bool:
        with self._lock:
            self.cuts -= 1
            return self.cuts >= 0


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
