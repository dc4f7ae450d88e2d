"""The commands that import and export, run on a store."""

import csv
from pathlib import Path

import pytest

from soap_service.cli import main
from soap_service.store import Store


class Desk:
    """A store and the commands on its database."""

    def __init__(self, store: Store, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self.folder, self._capsys = store, folder, capsys
        self.out = self.err = ""

    def file(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        file = self.folder / name
        file.write_bytes(text.encode(encoding))
        return file

    def run(self, *arguments: object) -> int:
        """Run the command and return its exit status; what it printed is kept."""
        self._capsys.readouterr()
        url = self.store._database.url.render_as_string(hide_password=False)
        try:
            status = main([*map(str, arguments), "--database-url", url])
        except SystemExit as end:
            status = int(end.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return status

    def counts(self) -> tuple[int, ...]:
        """Return read, added, changed, left alone, rejected, as the last line says."""
        told = self.out.strip().splitlines()[-1].partition(": ")[2].replace(" (dry run: nothing was changed)", "")
        return tuple(int(part.split()[0]) for part in told.split(", "))

    def rows(self, file: Path) -> list[dict[str, str]]:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines, delimiter=";"))
