"""The Delta properties that a table is made with, and that maintenance brings tables to which exist already."""

from __future__ import annotations

from collections.abc import Collection

from reclake.tables import Privacy, Table, ops

_WITHOUT_STATISTICS = ("array<string>", "binary", "boolean")
# The only strings with statistics: a name of conf/sources, by which one source's files of a day are found. Others hold ids,
# names of files or what somebody typed, of whatever class: the least and greatest of a file would stand in the log.
_NAMES = frozenset({"source"})


def columns_with_statistics(table: Table) -> tuple[str, ...]:
    """The columns of which the log may hold the least and the greatest value of every file."""
    return tuple(
        f.name
        for f in table.fields
        if f.privacy is Privacy.NONE
        and f.type not in _WITHOUT_STATISTICS
        and (f.type != "string" or f.name in _NAMES)
        and f.name != table.day_column
    )


def properties_of(table: Table, *, keep_days: int, columns: Collection[str] | None = None) -> dict[str, str]:
    """Delta property → its value.

    Parameters
    ----------
    keep_days
        Days for which removed files stay.
    columns
        The columns that the table has by now; all declared ones for None.
    """
    # Statistics of personal columns would stand in the log in clear, and outlive a deletion.
    open_columns = columns_with_statistics(table)
    return {
        "delta.logRetentionDuration": f"interval {keep_days} days",
        "delta.deletedFileRetentionDuration": f"interval {keep_days} days",
        # Delta clears the log by age, also from under a version that a kept manifest names (docs/decisions/0021).
        "delta.enableExpiredLogCleanup": "true" if table in ops.WRITTEN else "false",
        "delta.dataSkippingStatsColumns": ",".join(name for name in open_columns if columns is None or name in columns),
        "delta.enableDeletionVectors": "false",
        # Every stage commits here several times: at Delta's interval of 10 each day would pay for checkpoints of a few rows.
        **({"delta.checkpointInterval": "50"} if table in ops.WRITTEN else {}),
    }
