"""ops.reconciliation: what came in is accounted for, to the record."""

from collections.abc import Iterator, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import is_rejected
from reclake.records.raw_json import EMPTY
from reclake.tables import Table, silver

COUNTED = {"n_in": "in", "n_kept": "kept", "n_duplicates": "duplicate", "n_rejected": "rejected", "n_late": "late"}
# Of consents alone: a refused one may have been a withdrawal.
_OF_CONSENTS = {
    "n_refused_consents": ("named consent", "unnamed consent"),
    "n_unnamed_consents": ("unnamed consent",),
    "n_named_accounts": ("named account",),
}


def reconciliation(bronze: Mapping[str, DataFrame], records: Mapping[str, DataFrame]) -> DataFrame:
    """One row per source, records table and delivery day: in = kept + duplicates + rejected + late.

    `n_unaccounted` is what that leaves: positive when records were lost or have an unknown class, negative when records
    came from nowhere. One exchange of all records, and one of the refused consents, which are few.
    """
    entries = (
        *(_entries(table, bronze[silver.raw_of(table).noun], F.lit("in")) for table in silver.RECORDS),
        *(_entries(table, records[table.noun], F.col("record_class")) for table in silver.RECORDS),
        *_of_refused_consents(records[silver.CONSENT_RECORDS.noun]),
    )
    counts = (
        reduce(DataFrame.unionByName, entries)
        .groupBy("source", "record_table", "delivery_day")
        .agg(
            *(F.count_if(F.col("entry") == entry).alias(name) for name, entry in COUNTED.items()),
            *(F.count_if(F.col("entry").isin(*of)).alias(name) for name, of in _OF_CONSENTS.items()),
        )
    )
    is_of_consents = F.col("record_table") == silver.CONSENT_RECORDS.name
    accounted = F.col("n_kept") + F.col("n_duplicates") + F.col("n_rejected") + F.col("n_late")
    rejected_share = F.try_divide(F.col("n_rejected"), F.col("n_in"))
    return counts.withColumns({
        "n_unaccounted": F.col("n_in") - accounted,
        "rejected_share": F.coalesce(rejected_share, F.lit(0.0)),
        **{name: F.when(is_of_consents, F.col(name)) for name in _OF_CONSENTS},
    })


def is_refused_consent() -> Column:
    """Whether a record of silver.consent_records was refused; an empty line says nothing and is none."""
    return is_rejected() & (F.col("reasons") != F.array(F.lit(EMPTY)))


def _entries(table: Table, rows: DataFrame, entry: Column) -> DataFrame:
    return rows.select("source", F.lit(table.name).alias("record_table"), "delivery_day", entry.alias("entry"))


def _of_refused_consents(consent_records: DataFrame) -> Iterator[DataFrame]:
    """One entry per refused consent, named or unnamed, and one per account and delivery that they name."""
    refused = consent_records.where(is_refused_consent())
    name = F.lit(silver.CONSENT_RECORDS.name).alias("record_table")
    is_named = F.col("account_id").isNotNull()
    kind = F.when(is_named, "named consent").otherwise("unnamed consent")
    yield refused.select("source", name, "delivery_day", kind.alias("entry"))
    accounts = refused.where(is_named).select("source", "delivery_day", "account_id").distinct()
    yield accounts.select("source", name, "delivery_day", F.lit("named account").alias("entry"))
