"""Statements of consent that were refused: how many, whom they name, and how that is told. No value of the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.ops.reconciliation import is_refused_consent
from reclake.quality.verdict import Finding
from reclake.tables import Table, silver

from .consent_words import NEXT_STEP, sentence

_SHOWN_DAYS = 3


def refused_consents(table: Table, frame: DataFrame) -> list[Finding]:
    """One warning per source whose consents were refused; none for other tables than silver.consent_records."""
    return list(_warnings(frame)) if table == silver.CONSENT_RECORDS else []


def _warnings(consent_records: DataFrame) -> Iterator[Finding]:
    rows = refused_by_delivery(consent_records).orderBy("source", F.desc("delivery_day")).collect()
    for source, of_source in groupby(rows, key=lambda row: row["source"]):
        days = list(of_source)
        sentences = [
            f"{row['delivery_day']}: {sentence(row['n_refused'], n_accounts=row['n_accounts'], n_unnamed=row['n_unnamed'])}"
            for row in days[:_SHOWN_DAYS]
        ]
        more = [f"and on {len(days) - _SHOWN_DAYS} earlier days"] if len(days) > _SHOWN_DAYS else []
        n_refused = sum(row["n_refused"] for row in days)
        yield Finding.failed(
            f"consents of source {source} were refused",
            n_bad=n_refused,
            n_rows=n_refused,
            message=f"{'; '.join(sentences + more)}; {NEXT_STEP}",
        )


def refused_by_delivery(consent_records: DataFrame) -> DataFrame:
    """One row per source and delivery day with refused consents: how many, accounts named, and how many name none.

    An account that is named counts once per delivery, with a grant to suspend or without.
    """
    refused = consent_records.where(is_refused_consent()).groupBy("source", "delivery_day")
    return refused.agg(
        F.count("*").alias("n_refused"),
        F.count_distinct("account_id").alias("n_accounts"),
        F.count_if(F.col("account_id").isNull()).alias("n_unnamed"),
    )
