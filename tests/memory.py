"""Temporary files in memory, where there is room: each test has a database of its own, and most live a moment.

A disk takes a third of the processor time of a test on PostgreSQL, for files that nobody reads again. Tests of what
survives kill processes, not machines: memory outlives those as a disk does.
"""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
#: What must be free, so that a small machine keeps its memory.
_ROOM_BYTES = 4 * 2**30


def use_memory() -> None:
    """Have this process and those it starts make temporary files in memory; `TMPDIR` says otherwise."""
    if "TMPDIR" in os.environ or not _has_room():
        return
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None  # it asks again


def _has_room() -> bool:
    """Tell whether there is such a file system, with room, whose files may be programs, as some of our tests' are."""
    if not os.access(_MEMORY, os.W_OK):
        return False
    may_execute = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return may_execute and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
