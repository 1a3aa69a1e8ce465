"""Log lines that nobody can forge: the only door of the package's loggers to standard error."""

from __future__ import annotations

import logging
from typing import Any

from reclake.errors import ReclakeError
from reclake.printable import printable

from .faults import trace_text


class LogLines(logging.Formatter):
    """What others wrote stands in one line, and no further line of an entry begins at the margin, where entries do."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - named by logging
        """The entry without its traceback: in one line, or in those of a ReclakeError that it was given."""
        text = super().formatMessage(record)
        if not _tells_of_an_error(record):
            return printable(text)
        first, *others = text.split("\n")
        return "\n".join([printable(first), *(f"  {printable(other)}" for other in others)])

    def formatException(self, exc_info: Any) -> str:  # noqa: N802
        """The stack, moved in and without messages, which may quote values of records."""
        return "\n".join(f"  {printable(line)}" for line in trace_text(exc_info[1]).splitlines())


def _tells_of_an_error(record: logging.LogRecord) -> bool:
    return isinstance(record.args, tuple) and any(isinstance(argument, ReclakeError) for argument in record.args)
