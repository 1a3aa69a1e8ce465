"""Texts of accounts that leave the worker sealed, with a keyed number per value that joins and counts can use."""

import hmac
from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import BinaryType, LongType, StructType

from reclake.identity.linkage.accounts import PARTS, PLAIN, SEALED, parts_of
from reclake.identity.linkage.comparing import Opened
from reclake.identity.linkage.spellings import mailbox_spelling, name_spellings, phone_spelling, street_spelling
from reclake.privacy.encryption import decrypt, encrypt
from reclake.privacy.pseudonyms import Keys
from reclake.records.parser import plain_texts
from reclake.records.raw_records import Limits
from reclake.sources.source import Source

# The columns of an accounts feed that hold what is compared.
_MADE_FROM = ("name_encrypted", "phone_token", "email_token", "address_encrypted")
_PLACE = "silver.identity_pairs"


def _spelt(texts: Mapping[str, list[str | None]], row: int, default_region: str) -> dict[str, str | None]:
    written = {column: of_all[row] for column, of_all in texts.items()}
    name, latin_name = name_spellings(written["name_encrypted"] or "")
    return {
        "name": name,
        "latin_name": latin_name,
        "phone": phone_spelling(written["phone_token"] or "", default_region),
        "email": mailbox_spelling(written["email_token"] or ""),
        "address": street_spelling(written["address_encrypted"] or ""),
    }


def _number(key: bytes, kind: str, text: str | None) -> int | None:
    """A keyed number of the text: equal texts of one kind have equal numbers."""
    if text is None:
        return None
    return int.from_bytes(hmac.digest(key, f"linkage {kind}|{text}".encode(), "sha256")[:8], "big", signed=True)


def with_sealed_texts(states: DataFrame, sources: Mapping[str, Source], keys: Keys, limits: Limits) -> DataFrame:
    """The states with what their raw records say of names, phones, mailboxes and streets.

    Adds `sealed_<attribute>` (binary, bound to the account), `value_<attribute>` and `part_<part>` (long); the raw record
    is left behind.

    Parameters
    ----------
    states
        account_id, source, file_name, header, raw, and further columns that are kept.
    """
    kept = [field for field in states.schema.fields if field.name not in ("file_name", "header", "raw")]
    schema = StructType(list(kept))
    for name in SEALED:
        schema = schema.add(f"sealed_{name}", BinaryType()).add(f"value_{name}", LongType())
    for name in PARTS:
        schema = schema.add(f"part_{name}", LongType())

    def seal_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for arrived in batches:
            key = keys.load(keys.contact_key_id)
            texts = plain_texts(arrived, sources, "accounts", _MADE_FROM, limits)
            found: dict[str, list[bytes | int | None]] = {name: [] for name in schema.names[len(kept) :]}
            for row, account_id in enumerate(arrived.column("account_id").to_pylist()):
                spelt = _spelt(texts, row, keys.default_region)
                for name, text in spelt.items():
                    at = {"table": _PLACE, "column": name, "row_id": account_id}
                    found[f"sealed_{name}"].append(None if text is None else encrypt(key, text, **at))
                    found[f"value_{name}"].append(_number(key, name, text))
                for name, text in parts_of(spelt).items():
                    found[f"part_{name}"].append(_number(key, name, text))
            made = (pa.array(values, pa.binary() if name.startswith("sealed_") else pa.int64()) for name, values in found.items())
            yield pa.RecordBatch.from_arrays(
                [*(arrived.column(field.name) for field in kept), *made], names=[*(f.name for f in kept), *found]
            )

    return states.mapInArrow(seal_batches, schema)


def opened_with(keys: Keys) -> Opened:
    """Opens on the worker what `with_sealed_texts` sealed; the other attributes stand in plain."""

    def opened(batch: pa.RecordBatch) -> dict[str, pa.Array]:
        key = keys.load(keys.contact_key_id)
        account_ids = batch.column("owner").to_pylist()
        texts = {name: batch.column(name) for name in PLAIN}
        for name in SEALED:
            sealed = batch.column(f"sealed_{name}").to_pylist()
            known: dict[tuple[str, bytes], str] = {}
            for place in set(zip(account_ids, sealed, strict=True)):
                if place[1] is not None:
                    known[place] = decrypt(key, place[1], table=_PLACE, column=name, row_id=place[0])
            texts[name] = pa.array([known.get(place) for place in zip(account_ids, sealed, strict=True)], pa.string())
        return texts

    return opened
