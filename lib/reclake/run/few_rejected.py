"""How much of a delivery may be refused before its records table is stopped."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from reclake.errors import TooMuchRejected
from reclake.quality.verdict import FEW_REFUSED, Finding, of_delivery, with_more
from reclake.tables import Table, silver

from .application import Application
from .crowded_keys import counts_of_keys, crowded_keys
from .gating import noted
from .refused_consents import refused_consents
from .stage_run import StageRun

BLANK = "it is empty"  # the reason of an empty line


def require_few_rejected(run: StageRun, table: Table, frame: DataFrame, gate_row: dict[str, Any]) -> tuple[int, list[str]]:
    """Rejected and late rows of a records table, and warnings; stops it when a delivery was refused beyond its source's limit.

    An empty line is rejected and no part of the share: it says nothing, whoever wrote it. Nor are records of a file whose
    content was replaced since under the same name: who corrects a delivery has answered for them. A warning tells of a value
    of a key column that covers more of a delivery than one device or account should, and of refused consents; it stops
    nothing, and stands in `gate_row`.

    A delivery that stops the table fails in `gate_row` too, as one expectation more.

    Raises
    ------
    TooMuchRejected
        When a source's share of rejected records on a delivery day is above its limit.
    """
    if table not in silver.RECORDS:
        return 0, []
    app, keys = run.app, counts_of_keys(table)
    counted = (
        frame
        .groupBy("source", "delivery_day")
        .agg(*_counts(), F.count_if(_is_refused()).alias("n_refused"), *keys.values())
        .orderBy("source", "delivery_day")
        .collect()
    )
    for row in counted:
        if _is_too_much(app, row):
            _require_corrected(run, table, frame, row, gate_row)
    warnings = crowded_keys(app.settings.run, counted, list(keys))
    if any(row["refused"] for row in counted):
        warnings += refused_consents(table, frame)
    return sum(row["n_refused"] for row in counted), noted(gate_row, warnings)


def _is_refused() -> Column:
    return F.col("record_class").isin("rejected", "late")


def _is_blank() -> Column:
    return F.col("reasons") == F.array(F.lit(BLANK))


def _counts() -> tuple[Column, Column]:
    """Records that are part of the share, and those of them that are refused."""
    return F.count_if(~_is_blank()).alias("n"), F.count_if(_is_refused() & ~_is_blank()).alias("refused")


def _limit(app: Application, source: str) -> float:
    share = app.sources[source].max_rejected_share
    return app.settings.run.max_rejected_share if share is None else share


def _is_too_much(app: Application, row: Row) -> bool:
    return bool(row["refused"] > _limit(app, row["source"]) * row["n"])


def _require_corrected(run: StageRun, table: Table, frame: DataFrame, row: Row, gate_row: dict[str, Any]) -> None:
    """Stop the table when too much of the delivery is refused without the files whose content was replaced."""
    source, day = row["source"], row["delivery_day"]
    is_of_delivery = (F.col("source") == source) & (F.col("delivery_day") == day)
    delivered = frame.where(is_of_delivery).join(_replaced(run, table, source), on="file_digest", how="left_anti")
    now = delivered.agg(F.lit(source).alias("source"), *_counts()).collect()[0]
    if not _is_too_much(run.app, now):
        return
    reasons = _most_common(delivered.where(_is_refused() & ~_is_blank()))
    found = f"{now['refused']:,} of {now['n']:,} records ({reasons}); at most {_limit(run.app, source):.0%} may be"
    stop = Finding.failed(FEW_REFUSED, n_bad=now["refused"], n_rows=now["n"], message=of_delivery(source, str(day), found))
    gate_row |= {
        "verdict": "failed",
        "n_expectations": gate_row["n_expectations"] + 1,
        "n_failed": gate_row["n_failed"] + 1,
        "findings": with_more(str(gate_row["findings"]), [stop], blocks=True),
        "waiver_id": None,  # it let the suite's findings through, and stays unused
    }
    raise TooMuchRejected(
        f"{table.name} {day}: too much of source {source} is refused",
        found=found,
        next_step="correct the file or its mapping and run the day again, or raise max_rejected_share of the source; "
        "reclake rejected shows what is refused",
    )


def _replaced(run: StageRun, table: Table, source: str) -> DataFrame:
    """Digests of the source's files whose content was replaced under their name."""
    raw = silver.raw_of(table)
    records = run.app.read(raw, version=run.versions[raw.name], published=run.published)
    return records.where(F.col("source") == source).select(F.col("replaces_digest").alias("file_digest")).dropna().distinct()


def _most_common(refused: DataFrame, *, n: int = 3) -> str:
    """The reasons that most of the records were refused for; a reason holds no value of a record."""
    counted = refused.select(F.explode("reasons").alias("reason")).groupBy("reason").count()
    return ", ".join(
        f"{row['reason']}: {row['count']:,}" for row in counted.orderBy(F.desc("count"), "reason").limit(n).collect()
    )
