"""The key of what is encrypted in the database: a file outside it and its backups.

An embedded database has its file beside it, made when the first secret is kept; elsewhere a setting names the file, and
all nodes have the same one. It is read anew each time: it can be put back while the service runs.
"""

import base64
import binascii
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from soap_service.errors import SecretKeyMissing

#: What the name of the file has behind that of its database.
SUFFIX = "-key"
_BYTES = 32
_NONCE = 12


class SecretKey:
    """The key in a file; None for a database on a server without the setting."""

    def __init__(self, file: Path | None) -> None:
        self.file = file

    def id(self) -> str:
        """Return what the key is told from others by, which says nothing of it; "" where there is none."""
        try:
            return _id_of(self._read())
        except SecretKeyMissing:
            return ""

    def make(self) -> None:
        """Make the file unless it is there; raises SecretKeyMissing where it cannot be made."""
        if self.file is None:
            raise SecretKeyMissing("")
        if self.file.exists():
            return
        partial = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):  # another process was first: its key counts
                self.file.hardlink_to(partial)
        except OSError:
            raise SecretKeyMissing(self.file) from None
        finally:
            partial.unlink(missing_ok=True)

    def seal(self, plain: bytes, about: str) -> tuple[str, bytes]:
        """Return the key's id and a secret encrypted, to be opened only as what it is `about`.

        Raises: SecretKeyMissing.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key, nonce = self._read(), secrets.token_bytes(_NONCE)
        return _id_of(key), nonce + AESGCM(key).encrypt(nonce, plain, about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Return a secret that was encrypted with this key; raises SecretKeyMissing for another key, or none."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._read()).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except InvalidTag:
            raise SecretKeyMissing(self.file) from None

    def _read(self) -> bytes:
        try:
            if self.file is not None and len(key := base64.b64decode(self.file.read_bytes(), validate=False)) == _BYTES:
                return key
        except (OSError, binascii.Error):
            pass
        raise SecretKeyMissing(self.file or "")


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"soap_service key id\0" + key).hexdigest()[:16]
