"""What was refused of a day, for an alert: files, and deliveries of which too much was refused, each with its own day.

Reasons are texts of this program that name columns and rules, and no value of a record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reclake import tables
from reclake.quality.verdict import FEW_REFUSED, delivery_of
from reclake.run.plan import Planner
from reclake.run.posting import Finding
from reclake.tables import bronze

from .conditions import Condition
from .lake import Look
from .listings import Rows

_SHOWN = 3  # reasons that a finding names


@dataclass(frozen=True, slots=True)
class FilesOfDay:
    """The files of one source for one delivery day: how many were decided on, and of those refused the reason."""

    n_files: int
    reasons: Mapping[str, str]  # file name → why it was refused


def files_of_day(look: Look, day: date, left: Collection[Mapping[str, Any]]) -> dict[str, FilesOfDay]:
    """Source → its files of the day. One that was refused and then taken in, by a replay or corrected, was not refused.

    Parameters
    ----------
    left
        Files that the last run left in the landing folders: those that cannot be read are refused and stand nowhere else.
    """
    sql = (
        "SELECT source, file_name, bool_or(outcome = 'ingested'), max(reason) FROM rows "
        "WHERE delivery_day = ? GROUP BY source, file_name"
    )
    columns = ("source", "file_name", "outcome", "reason", "delivery_day")
    where = (Condition("delivery_day", "=", (day,)),)
    why: dict[str, dict[str, str | None]] = {}
    for source, name, is_in, reason in look.reader.query(bronze.FILES, sql, columns=columns, where=where, parameters=[day]):
        why.setdefault(source, {})[name] = None if is_in else str(reason)
    for file in left:
        if is_refused_of(file, day):
            why.setdefault(file["source"], {}).setdefault(file["file_name"], file["reason"])
    return {
        source: FilesOfDay(len(of_source), {name: reason for name, reason in sorted(of_source.items()) if reason is not None})
        for source, of_source in why.items()
    }


def is_refused_of(file: Mapping[str, Any], day: date) -> bool:
    """Whether a file that was not taken in was refused, and is of the day."""
    return bool(file["state"] == "refused" and file["delivery_day"] == day)


def refusals(blocked: Rows, files: Mapping[str, FilesOfDay], planner: Planner, day: date) -> list[Finding]:
    """One finding per source and delivery day: its records tables that are stopped, and the refused files of `day`.

    A delivery of another day that keeps `day` out as well is told under its own day.
    """
    sentences: dict[tuple[str, str], list[str]] = {}
    for row in blocked:
        for finding in json.loads(row["findings"]):
            if finding.get("rule") == FEW_REFUSED:
                source, of, counts = delivery_of(finding["message"])
                text = f"{row['table']} is stopped: refused are {counts}"
                if of != str(day) and str(day) in planner.work(tables.BY_NAME[row["table"]]).reasons:
                    text += f"; this keeps {day} out as well"
                sentences.setdefault((source, of), []).append(text)
    for source, of_day in files.items():
        if of_day.reasons:
            sentences.setdefault((source, str(day)), []).append(_of_files(of_day))
    return [Finding("refused", f"{source} {of}", "; ".join(parts)) for (source, of), parts in sorted(sentences.items())]


def _of_files(files: FilesOfDay) -> str:
    """How many files were refused, and the most common reasons, each with the first file.

    Examples
    --------
    >>> _of_files(FilesOfDay(3, {"a.csv": "its header lacks ['n']", "b.csv": "its header lacks ['n']"}))
    "2 of 3 files were refused: its header lacks ['n'] (2, first a.csv)"
    >>> _of_files(FilesOfDay(1, {"a.csv": "is no gzip"}))
    '1 of 1 files was refused: is no gzip (a.csv)'
    """
    reasons = files.reasons
    first = {reason: name for name, reason in reversed(list(reasons.items()))}
    counts = Counter(reasons.values()).most_common()
    shown = [f"{reason} ({'' if n == 1 else f'{n}, first '}{first[reason]})" for reason, n in counts[:_SHOWN]]
    more = [f"and {len(counts) - _SHOWN} more reasons"] if len(counts) > _SHOWN else []
    verb = "was" if len(reasons) == 1 else "were"
    return f"{len(reasons)} of {files.n_files} files {verb} refused: {'; '.join([*shown, *more])}"
