"""Who was erased: keyed hashes in the database, and the list of them beside it and beside each backup.

The key stays in databases and backups, which hold personal data anyway: the list alone tells of nobody.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, insert, select

from soap_service.errors import InputRefused
from soap_service.rules.erasing import hash_document
from soap_service.storage.database import Database
from soap_service.tables.people import Erasure, ErasureKey

#: What the name of the list has behind that of its database or backup.
SUFFIX = "-erasures"
_LINE = re.compile(r"([0-9a-f]{1,16}) ([0-9a-f]{64}) (\S+)")

#: Key, hash and time of an erasure.
Entry = tuple[str, str, datetime]


@dataclass(frozen=True)
class ErasureList:
    """Erasures, and the keys that are known of them."""

    entries: frozenset[Entry] = frozenset()
    keys: Mapping[str, bytes] = field(default_factory=dict)

    def __or__(self, other: "ErasureList") -> "ErasureList":
        return ErasureList(self.entries | other.entries, {**self.keys, **other.keys})

    @property
    def newest(self) -> datetime | None:
        """When the last of them was erased."""
        return max((at for _, _, at in self.entries), default=None)

    @property
    def without_key(self) -> int:
        """How many can be told of nobody: their key is not there."""
        return sum(key_id not in self.keys for key_id, _, _ in self.entries)

    def has(self, document: str) -> bool:
        """Tell whether a document is that of one of them."""
        return not self._hashes.isdisjoint((name, hash_document(key, document)) for name, key in self.keys.items())

    @cached_property
    def _hashes(self) -> frozenset[tuple[str, str]]:
        return frozenset((key_id, hashed) for key_id, hashed, _ in self.entries)


def list_of(connection: Connection) -> ErasureList:
    """Return what a database knows."""
    rows = connection.execute(select(Erasure.key_id, Erasure.document_hash, Erasure.erased_at))
    return ErasureList(frozenset((row[0], row[1], row[2]) for row in rows), read_keys(connection))


def read_keys(connection: Connection) -> dict[str, bytes]:
    """Return the keys of a database; new erasures take the first."""
    rows = connection.execute(select(ErasureKey.id, ErasureKey.key).order_by(ErasureKey.id))
    return {row[0]: bytes(row[1]) for row in rows}


def erased_documents(connection: Connection, documents: Sequence[str]) -> set[str]:
    """Return those documents of which somebody was erased."""
    if not documents:
        return set()
    keys = read_keys(connection)
    hashes = {hash_document(key, document): document for document in documents for key in keys.values()}
    query = select(Erasure.document_hash).where(Erasure.document_hash.in_(list(hashes)))
    return {hashes[found] for found in connection.scalars(query)}


def add_erasures(connection: Connection, documents: Iterable[str], now: datetime) -> None:
    """Write the keyed hashes of documents."""
    key_id, key = next(iter(read_keys(connection).items()))
    rows = [
        {"key_id": key_id, "document_hash": hash_document(key, document), "erased_at": now}
        for document in sorted(documents)
    ]
    if rows:
        connection.execute(insert(Erasure), rows)


def put_list(connection: Connection, known: ErasureList) -> None:
    """Have a database know these erasures and keys, and no others."""
    for table in (Erasure, ErasureKey):
        connection.execute(table.__table__.delete())  # type: ignore[attr-defined]
    connection.execute(insert(ErasureKey), [{"id": name, "key": key} for name, key in known.keys.items()])
    rows = [{"key_id": name, "document_hash": hashed, "erased_at": at} for name, hashed, at in sorted(known.entries)]
    if rows:
        connection.execute(insert(Erasure), rows)


def file_beside(database: Database) -> Path | None:
    """Return where the list of an embedded database lies; a server keeps its own."""
    file = database.backend.file
    return None if file is None else file.with_name(f"{file.name}{SUFFIX}")


def write_list(file: Path, known: ErasureList) -> None:
    """Write the list to a file, whole or not at all, for its owner alone; never a key."""
    lines = [f"{name} {hashed} {at.astimezone(UTC).isoformat()}\n" for name, hashed, at in sorted(known.entries)]
    partial = file.with_name(f"{file.name}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(file)


def read_list(file: Path) -> ErasureList:
    """Return what a list has; raises InputRefused for a file that is none."""
    try:
        lines = file.read_text("ascii").splitlines()
        return ErasureList(frozenset(_entry(line) for line in lines if line.strip()))
    except (ValueError, OSError):
        raise InputRefused("erasures", f"{file} is no list of erasures of this program") from None


def _entry(line: str) -> Entry:
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise ValueError(line)
    return found[1], found[2], datetime.fromisoformat(found[3]).astimezone(UTC)
