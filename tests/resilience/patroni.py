"""A Patroni cluster of three with a real etcd: switch-overs, and leaders that are killed or go silent, under load.

The nodes name all three members in their URL. The cluster is synchronous (`synchronous_mode: true`), as a call that was
answered must outlive the leader: it must be there once, and each stream must hear it once. One thing fails at a time:
the next one when the cluster is whole again. Debian's programs; the times are the least that Patroni's manual allows.
"""

import atexit
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGSTOP, Signals
from typing import Any

import httpx
import psycopg

from tests.conftest import start_service
from tests.postgres import USER, create_database, execute, signal_family
from tests.resilience import UNLIMITED
from tests.resilience.platforms import REPEAT, Platforms, count_heard_twice, streams_open
from tests.waiting import free_port, wait_until

SWITCH_OVERS, KILLS, SILENCES = 5, 4, 2
#: How long it is called between two faults, and how long a leader may be away and come back, in seconds.
CALM_SECONDS, MOST_SECONDS = 2.0, 90.0
#: Patroni's times, in seconds: how long a leader's lock outlives it, between two looks, how long etcd is asked again.
TIMES = {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}
SCOPE = "desk"
_STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
_PACKAGES = {"etcd": "etcd-server", "patroni": "patroni", "patronictl": "patroni"}


def find_programs() -> Path:
    """Return the folder of Debian's newest PostgreSQL; ends with a sentence where a program is missing."""
    missing = {package for program, package in _PACKAGES.items() if shutil.which(program) is None}
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    if not servers:
        missing.add("postgresql")
    if missing:
        raise SystemExit(f"the proof of Patroni needs Debian's packages: apt-get install {' '.join(sorted(missing))}")
    return servers[-1].parent


class Program:
    """A program of the server's user, with its output in a file."""

    def __init__(self, log: Path, *command: object) -> None:
        self._log, self._command = log, [str(part) for part in command]
        self.start()
        atexit.register(self.kill)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True, **USER)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Member:
    """A PostgreSQL of the cluster, and the Patroni that watches over it."""

    def __init__(self, folder: Path, name: str, etcd: int, programs: Path) -> None:
        self.name, self.port, self._rest_port = name, free_port(), free_port()
        self.file = folder / f"{name}.json"  # which YAML is, too
        self._data = folder / name
        settings = self._configure(folder, etcd, programs)
        self.file.write_text(json.dumps(settings))
        self._patroni = Program(folder / f"{name}.log", "patroni", self.file)

    def _configure(self, folder: Path, etcd: int, programs: Path) -> dict[str, Any]:
        rest, own = f"127.0.0.1:{self._rest_port}", f"127.0.0.1:{self.port}"
        server = {
            "listen": own,
            "connect_address": own,
            "data_dir": str(self._data),
            "bin_dir": str(programs),
            "pgpass": str(folder / f"{self.name}.pgpass"),
            "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
            "parameters": {"unix_socket_directories": ""},
            "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
        }
        # As Debian's own template has them: a former leader becomes a standby by itself, made anew if it must be.
        rejoining = (
            "use_pg_rewind",
            "remove_data_directory_on_rewind_failure",
            "remove_data_directory_on_diverged_timelines",
        )
        cluster = {**TIMES, "synchronous_mode": True, "postgresql": dict.fromkeys(rejoining, True)}
        return {
            "scope": SCOPE,
            "name": self.name,
            "restapi": {"listen": rest, "connect_address": rest},
            "etcd3": {"host": f"127.0.0.1:{etcd}"},
            "bootstrap": {"dcs": cluster, "initdb": [{"encoding": "UTF8"}]},
            "postgresql": server,
        }

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def look(self) -> dict[str, str]:
        """Return the roles of the members that run, by name, as this one knows them; nothing if it does not answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self._rest_port}/cluster", timeout=2).json()
        except httpx.TransportError:
            return {}
        return {one["name"]: one["role"] for one in answer["members"] if one["state"] in ("running", "streaming")}

    def kill(self) -> None:
        """Kill its Patroni and every process of its PostgreSQL, as a power failure would."""
        self._signal(SIGKILL)
        self._patroni.process.wait()

    def start(self) -> None:
        self._patroni.start()

    def go_silent(self) -> None:
        """Neither answer nor refuse any more, as a machine that is off the network does."""
        self._signal(SIGSTOP)

    def restart(self) -> None:
        """Come back as a machine that was off.

        One that went on would not do: Patroni 3.0.2 with etcd takes the lock back from the new leader. What keeps it
        from that is Patroni's watchdog, a device.
        """
        self.kill()
        self.start()

    def close(self) -> None:
        if self._patroni.process.poll() is None:
            self.kill()

    def _signal(self, what: Signals) -> None:
        self._patroni.process.send_signal(what)
        signal_family(int((self._data / "postmaster.pid").read_text().split()[0]), what)


class Cluster:
    """Three members and their etcd."""

    def __init__(self) -> None:
        programs = find_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="soap-patroni-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        if USER:
            shutil.chown(self._folder, USER["user"], USER["group"])
        client, peer = free_port(), free_port()
        address = f"http://127.0.0.1:{client}"
        urls = [f"--{kind}-client-urls={address}" for kind in ("listen", "advertise")]
        urls += [
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        ]
        urls += [f"--initial-cluster=default=http://127.0.0.1:{peer}"]
        self._etcd = Program(self._folder / "etcd.log", "etcd", "--data-dir", self._folder / "etcd", *urls)
        self.members = {name: Member(self._folder, name, client, programs) for name in ("one", "two", "three")}
        wait_until(self.is_whole, MOST_SECONDS)
        self._name = create_database(self.leader.url).rpartition("/")[2]
        hosts = "&".join(f"host=127.0.0.1:{member.port}" for member in self.members.values())
        self.url = f"postgresql://postgres@/{self._name}?{hosts}"

    def look(self) -> dict[str, str]:
        """Return the members' roles by name, as the first of them that answers knows them."""
        return next((roles for member in self.members.values() if (roles := member.look())), {})

    @property
    def leader(self) -> Member:
        return self.members[next(name for name, role in self.look().items() if role == "leader")]

    def is_whole(self) -> bool:
        """Tell whether all members run, and a standby has all that is committed."""
        if sorted(self.look().values()) != ["leader", "replica", "sync_standby"]:
            return False
        try:
            return execute(self.leader.url, _STREAMING) == [(2,)]
        except (psycopg.OperationalError, StopIteration):
            return False

    def has_other_leader(self, old: Member) -> bool:
        return any(role == "leader" and name != old.name for name, role in self.look().items())

    def switch_over(self, leader: Member) -> None:
        """Have another one lead, in order."""
        command = ["patronictl", "-c", str(leader.file), "switchover", SCOPE, "--leader", leader.name, "--force"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS)
        assert "Successfully switched over" in done.stdout, done.stdout + done.stderr

    def rows(self, statement: str) -> list[Any]:
        return execute(f"{self.leader.url.rpartition('/')[0]}/{self._name}", statement)

    def close(self) -> None:
        for member in self.members.values():
            member.close()
        self._etcd.kill()


def main() -> None:
    cluster = Cluster()
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    nodes = [start_service(folder / name, database_url=cluster.url, **REPEAT, **UNLIMITED) for name in "ab"]
    platforms = Platforms(nodes)

    def nothing(_leader: Member) -> None:
        """It came back by itself."""

    faults: dict[str, tuple[int, Callable[[Member], None], Callable[[Member], None]]] = {
        "switch-overs": (SWITCH_OVERS, cluster.switch_over, nothing),
        "kills of the leader": (KILLS, Member.kill, Member.start),
        "leaders gone silent": (SILENCES, Member.go_silent, Member.restart),
    }
    print(f"Patroni's times in seconds: {TIMES}", flush=True)
    with streams_open(nodes) as streams:
        with platforms.calling():
            for kind, (count, begin, end) in faults.items():
                silences, whole, told = [], [], len(platforms.told)
                for _ in range(count):
                    time.sleep(CALM_SECONDS)
                    leader = cluster.leader
                    started = time.monotonic()
                    begin(leader)
                    wait_until(lambda leader=leader: cluster.has_other_leader(leader), MOST_SECONDS)
                    answered = platforms.wait_for_answer(time.monotonic(), MOST_SECONDS)
                    silences.append(platforms.longest_silence(started, answered))
                    end(leader)
                    wait_until(cluster.is_whole, MOST_SECONDS)
                    whole.append(time.monotonic() - started)
                print(
                    f"{count} {kind}: calls answered again after {statistics.median(silences):.1f} s (median), "
                    f"{max(silences):.1f} s (most); {len(platforms.told) - told} times INDISPONIVEL, after "
                    f"{max(platforms.told[told:], default=0):.2f} s at most; the cluster whole again after "
                    f"{max(whole):.0f} s at most",
                    flush=True,
                )
        heard_twice = count_heard_twice(streams, platforms)
        lost, doubled = platforms.verify(cluster.rows("SELECT document, token FROM call"))
        print(
            f"{len(platforms.journal)} calls answered, {lost} lost, {doubled} doubled; {len(streams)} streams heard "
            f"each of them, {heard_twice} twice, and were opened {sum(len(one.opened) for one in streams)} times"
        )
    assert lost == doubled == heard_twice == 0 and max(platforms.told) < 3.5
    for node in nodes:
        assert node.stop() == 0
    cluster.close()


if __name__ == "__main__":
    main()
