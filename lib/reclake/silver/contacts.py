"""The one place where a person can be reached: encrypted on the worker, restricted."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from reclake.lake.schema import spark_schema
from reclake.privacy.contact_data import normalised_contact, normalised_text
from reclake.privacy.encryption import encrypt
from reclake.privacy.pseudonyms import Keys
from reclake.records.delivery import DELIVERY_ORDER, is_kept
from reclake.records.parser import plain_texts
from reclake.records.raw_records import Limits
from reclake.records.survivorship import is_typed
from reclake.sources.source import CONTACT_TYPES, ENCRYPTED, Source
from reclake.tables import silver

_POINTER = ("source", "file_digest", "position")
# The column of an accounts feed that holds what is sealed in a column of this table.
_MADE_FROM = {f"{kind}_encrypted": f"{kind}_token" for kind in CONTACT_TYPES} | {column: column for column in ENCRYPTED}
_RANK = "rank"  # what of two states of an account comes later, as a struct


def _normalised(column: str, written: str, keys: Keys) -> str | None:
    kind = column.removesuffix("_encrypted")
    return normalised_contact(kind, written, keys.default_region) if kind in CONTACT_TYPES else normalised_text(written)


def _sealed(column: str, texts: list[str | None], account_ids: list[str], keys: Keys) -> list[bytes | None]:
    key = keys.load(keys.contact_key_id)
    sealed: list[bytes | None] = []
    for written, account_id in zip(texts, account_ids, strict=True):
        plain = None if written is None else _normalised(column, written, keys)
        at = {"table": silver.CONTACTS.name, "column": column, "row_id": account_id}
        sealed.append(None if plain is None else encrypt(key, plain, **at))
    return sealed


def _encrypted(states: DataFrame, sources: Mapping[str, Source], keys: Keys, limits: Limits) -> DataFrame:
    """Account, delivery day, key and rank of each state with its contacts, read again from the raw record and sealed."""

    def encrypt_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for arrived in batches:
            texts = plain_texts(arrived, sources, "accounts", tuple(_MADE_FROM.values()), limits)
            account_ids = arrived.column("account_id").to_pylist()
            named = {
                "account_id": arrived.column("account_id"),
                **{
                    name: pa.array(_sealed(name, texts[made_from], account_ids, keys), pa.binary())
                    for name, made_from in _MADE_FROM.items()
                },
                "key_id": pa.array([keys.contact_key_id] * arrived.num_rows, pa.string()),
                "delivery_day": arrived.column("delivery_day"),
                _RANK: arrived.column(_RANK),
            }
            yield pa.RecordBatch.from_arrays([named[name] for name in schema.names], names=schema.names)

    schema = StructType([*spark_schema(silver.CONTACTS).fields, states.schema[_RANK]])
    return states.mapInArrow(encrypt_batches, schema)


def contacts(
    account_records: DataFrame,
    bronze_accounts: DataFrame,
    *,
    sources: Mapping[str, Source],
    contact_key_id: str,
    default_region: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per account with contact data in the last kept state of any feed.

    Of each feed that tells of the account the last state counts: that of the latest change time, else delivery day; ties
    go to the last delivered. A contact that it no longer holds is gone from it. Where several feeds tell of one account,
    each contact is that of the latest state which holds one; what staff typed stands behind what other feeds state.
    """
    changed_at = F.coalesce("changed_at", F.col("delivery_day").cast("timestamp"))
    rank = F.struct((~is_typed(sources)).alias("is_own"), changed_at.alias("changed_at"), *DELIVERY_ORDER)
    ranked = account_records.where(is_kept()).select("account_id", "feed", *_POINTER, rank.alias(_RANK))
    last = F.max_by(F.struct(*_POINTER), _RANK).alias("last")
    states = ranked.groupBy("account_id", "source", "feed").agg(last, F.max(_RANK).alias(_RANK))
    raw = bronze_accounts.select(*_POINTER, "delivery_day", "file_name", "header", "raw")
    keys = Keys(directory, contact_key_id=contact_key_id, default_region=default_region)
    of_feeds = states.select("account_id", "last.*", _RANK).join(raw, on=list(_POINTER), how="inner")
    sealed = _encrypted(of_feeds, sources, keys, Limits(max_record_bytes, max_depth))
    held = {name: F.max_by(name, F.when(F.col(name).isNotNull(), F.col(_RANK))).alias(name) for name in _MADE_FROM}
    together = sealed.groupBy("account_id").agg(
        *held.values(), F.max("key_id").alias("key_id"), F.max("delivery_day").alias("delivery_day")
    )
    return together.where(F.coalesce(*_MADE_FROM).isNotNull())
