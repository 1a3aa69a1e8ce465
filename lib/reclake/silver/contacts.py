"""The one place where a person can be reached: encrypted on the worker, restricted."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.lake.schema import spark_schema
from reclake.privacy.contact_data import normalised_email, normalised_phone, normalised_text
from reclake.privacy.encryption import encrypt
from reclake.privacy.pseudonyms import Keys
from reclake.records.parser import plain_texts
from reclake.records.raw_records import Limits
from reclake.sources.source import Source
from reclake.tables import silver

_POINTER = ("source", "file_digest", "position")
# The column of an accounts feed that holds what is sealed in a column of this table.
_MADE_FROM = {"phone_encrypted": "phone_token", "email_encrypted": "email_token", "address_encrypted": "address_encrypted"}


def _normalised(column: str, written: str, keys: Keys) -> str | None:
    match column:
        case "phone_encrypted":
            return normalised_phone(written, keys.default_region)
        case "email_encrypted":
            return normalised_email(written)
    return normalised_text(written)


def _sealed(column: str, texts: list[str | None], account_ids: list[str], keys: Keys) -> list[bytes | None]:
    key = keys.load(keys.contact_key_id)
    sealed: list[bytes | None] = []
    for written, account_id in zip(texts, account_ids, strict=True):
        plain = None if written is None else _normalised(column, written, keys)
        at = {"table": silver.CONTACTS.name, "column": column, "row_id": account_id}
        sealed.append(None if plain is None else encrypt(key, plain, **at))
    return sealed


def _encrypted(states: DataFrame, sources: Mapping[str, Source], keys: Keys, limits: Limits) -> DataFrame:
    """Account, delivery day and key of each state with its contacts, read again from the raw record and sealed."""

    def encrypt_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for arrived in batches:
            texts = plain_texts(arrived, sources, "accounts", tuple(_MADE_FROM.values()), limits)
            account_ids = arrived.column("account_id").to_pylist()
            sealed = {
                name: pa.array(_sealed(name, texts[made_from], account_ids, keys), pa.binary())
                for name, made_from in _MADE_FROM.items()
            }
            named = {
                "account_id": arrived.column("account_id"),
                **sealed,
                "key_id": pa.array([keys.contact_key_id] * arrived.num_rows, pa.string()),
                "delivery_day": arrived.column("delivery_day"),
            }
            yield pa.RecordBatch.from_arrays(list(named.values()), names=list(named))

    return states.mapInArrow(encrypt_batches, spark_schema(silver.CONTACTS))


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
    """One row per account with contact data in its last kept state.

    The last state is that of the latest change time, else delivery day; ties go to the last delivered. A contact that it
    no longer holds is gone.
    """
    delivery_order = ("delivery_day", "file_digest", "position")
    changed_at = F.coalesce("changed_at", F.col("delivery_day").cast("timestamp"))
    last = F.max_by(F.struct(*_POINTER), F.struct(changed_at, *delivery_order)).alias("last")
    states = account_records.where(F.col("record_class") == "kept").groupBy("account_id").agg(last).select("account_id", "last.*")
    raw = bronze_accounts.select(*_POINTER, "delivery_day", "file_name", "header", "raw")
    keys = Keys(directory, contact_key_id=contact_key_id, default_region=default_region)
    sealed = _encrypted(states.join(raw, on=list(_POINTER), how="inner"), sources, keys, Limits(max_record_bytes, max_depth))
    return sealed.where(F.coalesce(*_MADE_FROM).isNotNull())
