"""The log: one form for all lines, times with their zone, and nothing in it that looks like a CPF or CNPJ."""

import logging
import time

from soap_service.rules.documents import mask_documents


class LineFormatter(logging.Formatter):
    """Write log lines in which nothing that looks like a CPF or CNPJ can be read."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, traceback included, masked."""
        return mask_documents(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Return when it happened."""
        return stamp(record.created)


def stamp(moment: float) -> str:
    """Return a moment, in seconds since 1970, as the log writes it: local time, with how far it is from UTC."""
    local = time.localtime(moment)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', local)},{int(moment % 1 * 1000):03}{time.strftime('%z', local)}"


def configure_logging(level: str) -> None:
    """Log to standard error, masked, at that level."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
