"""What earlier runs decided on the files of this one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .reading import Decided
from .source import Source


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs decided on this run's files."""

    taken_in: dict[str, tuple[str, date | None]]  # digest → name and day
    decided: set[tuple[str, str]]  # (digest, name)
    ingested: set[tuple[str, str]]  # those of them that were taken in
    lay_there: dict[str, str]  # name → the digest that lay there last
    unnoted: set[tuple[str, str]]  # (digest, name) whose run ended between taking the records in and noting the file


def decided_before(source: Source, judged: Collection[Decided], known: DataFrame | None) -> Earlier:
    """Bounded by this run's files, however many the lake knows."""
    if known is None or not judged:
        return Earlier({}, set(), set(), {}, set())
    outcome = F.col("outcome") if "outcome" in known.columns else F.lit("ingested")
    arrived_at = F.col("arrived_at") if "arrived_at" in known.columns else F.lit(None).cast("timestamp")
    is_noted = F.col("n_bytes").isNotNull() if "n_bytes" in known.columns else F.lit(True)
    digests, names = {each.verdict.file_digest for each in judged}, {each.file.name for each in judged}
    day = F.col("delivery_day") if "delivery_day" in known.columns else F.lit(None).cast("date")
    is_asked = F.col("file_digest").isin(digests) | F.col("file_name").isin(names)
    earlier = known.where(F.col("source") == source.name).where(is_asked)
    told = (outcome.alias("outcome"), arrived_at.alias("at"), day.alias("day"), is_noted.alias("is_noted"))
    rows = earlier.select("file_digest", "file_name", *told).distinct().collect()
    in_time = sorted(rows, key=lambda row: (str(row["at"] or ""), row["file_digest"]))
    decided = {(row["file_digest"], row["file_name"]) for row in in_time}
    return Earlier(
        taken_in={row["file_digest"]: (row["file_name"], row["day"]) for row in in_time if row["outcome"] == "ingested"},
        decided=decided,
        ingested={(row["file_digest"], row["file_name"]) for row in in_time if row["outcome"] == "ingested"},
        lay_there={row["file_name"]: row["file_digest"] for row in in_time},
        unnoted=decided - {(row["file_digest"], row["file_name"]) for row in in_time if row["is_noted"]},
    )
