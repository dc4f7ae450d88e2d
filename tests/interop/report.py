"""The table of the interop suite: what each stack's checks came to, as text and kept in docs/interop.md."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.stacks import STACKS

#: Check and its heading; the order of the table.
CHECKS = {
    "wsdl": "WSDL",
    "one": "`1?n`",
    "several": "count",
    "empty": "empty",
    "data": "data",
    "no_deadline": "no deadline",
    "suspended": "suspended",
    "accents": "accents",
    "fault": "fault",
    "extension": "ramal",
    "no_extension": "no ramal",
    "view": "view",
    "basic": "Basic",
    "wrong_secret": "wrong secret",
}
_BEGIN, _END = "<!-- interop table: begin -->\n", "<!-- interop table: end -->\n"


@dataclass
class Report:
    """Outcomes by stack and check, versions by stack, and why a stack was not run."""

    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)

    def table(self) -> str:
        """Return the table in Markdown."""
        head = ["stack", "version", "code from the WSDL", *CHECKS.values()]
        rows = [head, ["---"] * len(head)]
        for stack in STACKS:
            if stack.name in self.not_run:
                rows.append([stack.name, "not run", self.not_run[stack.name], *["-"] * len(CHECKS)])
                continue
            if not any(name == stack.name for name, _ in self.outcomes):
                continue  # deselected
            outcomes = [self.outcomes.get((stack.name, check), "-") for check in CHECKS]
            rows.append([stack.name, self.versions.get(stack.name, "?"), stack.generates, *outcomes])
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        rows[1] = ["-" * width for width in widths]
        lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "".join(f"| {line} |\n" for line in lines)

    def keep_in(self, document: Path) -> None:
        """Replace the table in a document, between its two marks; a part of the stacks leaves it as it is."""
        if len({name for name, _ in self.outcomes} | set(self.not_run)) < len(STACKS):
            return
        text = document.read_text("utf-8")
        before, _, rest = text.partition(_BEGIN)
        after = rest.partition(_END)[2]
        document.write_text(f"{before}{_BEGIN}{self.table()}{_END}{after}", "utf-8")
