"""Linkage of a million made-up records, beside Splink on DuckDB with the same rules; and of the FEBRL sets.

    make linkage
    python benchmarks/linkage.py --work /tmp/linkage --records 1000000
    python benchmarks/linkage.py --work /tmp/linkage --febrl

The people are drawn with a seed: names by a Zipf law, streets, birth dates, phones; a fifth of the records repeat a person with
slips. The truth stands in the record's id and is read by the judgement alone. A second set gives a tenth of the records one phone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from cpu_time import cpu_seconds, timed  # noqa: E402

import febrl  # noqa: E402
from reclake.identity.linkage.blocking import BlockLimits, with_block_keys  # noqa: E402
from reclake.identity.linkage.comparing import pattern_counts, plain_columns  # noqa: E402
from reclake.identity.linkage.declared import Attribute, Band, Comparison  # noqa: E402
from reclake.identity.linkage.estimate import estimate  # noqa: E402
from reclake.identity.linkage.linkage import best_for_both, fitted_weights, linked_pairs  # noqa: E402
from reclake.identity.linkage.plain import plain_records  # noqa: E402
from reclake.identity.linkage.population import population  # noqa: E402
from reclake.lake.session import open_session  # noqa: E402

SEED = 20261130
SPLINK = Path("benchmarks/linkage_by_splink.py")
COLUMNS = ("given_name", "surname", "birth_date", "street", "city", "phone")
RULES = {
    "name": (["given_name", "surname"], ["birth_date"]),
    "birth_and_city": (["birth_date", "city"], []),
    "street": (["street", "city"], ["surname"]),
    "phone": (["phone"], ["surname"]),
}
COMPARISON = Comparison(
    attributes=(
        Attribute(name="given_name", close=Band(1), similar=Band(2), has_rare_values=True),
        Attribute(name="surname", close=Band(1), similar=Band(2), has_rare_values=True),
        Attribute(name="birth_date", close=Band(1), similar=Band(2)),
        Attribute(name="street", close=Band(1), similar=Band(3)),
        Attribute(name="city"),
        Attribute(name="phone", close=Band(1), similar=Band(2)),
    ),
    rules=tuple(RULES),
)
LIMITS = BlockLimits(max_records=1_000, max_refined_records=100)


def _words(n: int, syllables: int, chance: np.random.Generator) -> np.ndarray:
    parts = np.array([c + v for c in "bdfghklmnprstvwz" for v in ("a", "e", "i", "o", "u", "ai", "er", "an")])
    drawn = parts[chance.integers(0, len(parts), (4 * n, syllables))]
    return pd.unique(pd.Series(["".join(row) for row in drawn]))[:n].astype(str)


def _drawn(words: np.ndarray, n: int, chance: np.random.Generator) -> np.ndarray:
    """Words by a Zipf law: the second is half as common as the first, the third a third."""
    weights = 1 / (np.arange(len(words)) + 10)
    return words[chance.choice(len(words), n, p=weights / weights.sum())]


def _with_slips(values: np.ndarray, share: float, chance: np.random.Generator) -> np.ndarray:
    """Some of the texts with one character replaced, left out, doubled, or swapped with the next."""
    slipped = values.astype(object).copy()
    for place in np.flatnonzero(chance.random(len(values)) < share):
        text = slipped[place]
        at, kind = int(chance.integers(0, len(text) - 1)), int(chance.integers(0, 4))
        letter = (
            chr(ord("0") + int(chance.integers(0, 10))) if text[at].isdigit() else chr(ord("a") + int(chance.integers(0, 26)))
        )
        middle = (letter, "", text[at] * 2, text[at + 1] + text[at])[kind]
        slipped[place] = text[:at] + middle + text[at + (2 if kind == 3 else 1) :]
    return slipped


def made_up(n_records: int, *, hub: bool = False) -> pd.DataFrame:
    """Records of `n_records * 4 // 5` people: record_id (`person-copy`) and the columns; nothing known is None."""
    chance = np.random.default_rng(SEED)
    n_people = n_records * 4 // 5
    numbers = chance.integers(1, 200, n_people).astype(str)
    days = pd.to_datetime("1940-01-01") + pd.to_timedelta(chance.integers(0, 24_000, n_people), unit="D")
    people = pd.DataFrame({
        "given_name": _drawn(_words(2_000, 3, chance), n_people, chance),
        "surname": _drawn(_words(20_000, 4, chance), n_people, chance),
        "birth_date": days.strftime("%Y%m%d"),
        "street": np.char.add(np.char.add(_drawn(_words(30_000, 5, chance), n_people, chance), " "), numbers),
        "city": _drawn(_words(500, 3, chance), n_people, chance),
        "phone": chance.integers(10**8, 10**9, n_people).astype(str),
    })
    again = chance.integers(0, n_people, n_records - n_people)
    copies = people.iloc[again].reset_index(drop=True)
    for name in COLUMNS:
        copies[name] = _with_slips(copies[name].to_numpy(), 0.12, chance)
        copies.loc[chance.random(len(copies)) < 0.08, name] = None
    records = pd.concat([people, copies], ignore_index=True)
    owner = np.concatenate([np.arange(n_people), again])
    records.insert(0, "record_id", [f"{person}-{row}" for row, person in enumerate(owner)])
    for name in COLUMNS:
        records.loc[chance.random(n_records) < 0.02, name] = None
    if hub:
        records.loc[chance.random(n_records) < 0.1, "phone"] = "100000000"
    return records


def n_true_pairs(records: pd.DataFrame) -> int:
    sizes = records["record_id"].str.split("-").str[0].value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


def quality(n_linked: int, n_right: int, n_true: int) -> dict[str, float]:
    precision, recall = n_right / max(1, n_linked), n_right / n_true
    return {
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(2 * precision * recall / (precision + recall), 5),
    }


def ours(spark: SparkSession, file: Path, n_true: int) -> dict[str, object]:
    """Fit and link; the seconds of each part."""
    seconds: dict[str, float] = {}
    opened, started, before = plain_columns(COMPARISON), perf_counter(), cpu_seconds()
    read = spark.read.parquet(str(file)).withColumn("exclusive", F.lit(None).cast("string"))
    records = plain_records(read, COMPARISON, RULES)
    with timed(seconds, "patterns"):
        rows = pattern_counts(with_block_keys(records, COMPARISON.rules, LIMITS), COMPARISON, opened).collect()
    with timed(seconds, "population"):
        known = population(records, COMPARISON, opened)
    with timed(seconds, "em"):
        weights = estimate(([row["pattern"] for row in rows], [row["n_pairs"] for row in rows]), known, COMPARISON)
    with timed(seconds, "links"):
        links = linked_pairs(records, COMPARISON, weights, opened, limits=LIMITS, floor=weights.threshold)
        is_right = F.substring_index("left_id", "-", 1) == F.substring_index("right_id", "-", 1)
        row = links.agg(F.count("*").alias("n"), F.sum(is_right.cast("long")).alias("right")).collect()[0]
    seconds |= {"all": round(perf_counter() - started, 1), "all, CPU": round(cpu_seconds() - before, 1)}
    return {
        "pairs": sum(row["n_pairs"] for row in rows),
        "patterns": len(rows),
        "rounds": weights.n_rounds,
        "expected_matches": weights.n_matches,
        "version": weights.version,
        "seconds": seconds,
        **quality(row["n"], row["right"], n_true),
    }


def by_splink(file: Path, n_true: int, python: str) -> dict[str, object]:
    """The same by Splink, in an environment of its own."""
    before = cpu_seconds()
    done = subprocess.run([python, str(ROOT / SPLINK), str(file)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1]) | {"CPU of the process": round(cpu_seconds() - before, 1)}
    return found | quality(found.pop("linked"), found.pop("right"), n_true)


def of_febrl(spark: SparkSession) -> None:
    """F1 on sets 3 and 4 with all attributes, without the number that names a person, and with the six of the reference."""
    reference = ("street_number", "address_2", "postcode", "soc_sec_id")
    for dropped in ((), ("soc_sec_id",), reference):
        attributes = tuple(
            Attribute(**{name: getattr(a, name) for name in ("name", "close", "similar", "has_rare_values")}, swaps_with=None if a.swaps_with in dropped else a.swaps_with)
            for a in febrl.COMPARISON.attributes if a.name not in dropped
        )  # fmt: skip
        rules = {rule: keys for rule, keys in febrl.RULES.items() if rule != "soc_sec_id" or not dropped}
        comparison = Comparison(attributes=attributes, rules=tuple(rules))
        for number in (3, 4):
            records = febrl.rows(number)
            true = febrl.true_pairs(records)
            frame: DataFrame = febrl.frame(spark, records, comparison=comparison, rules=rules).cache()
            opened, started = plain_columns(comparison), perf_counter()
            weights = fitted_weights(frame, comparison, opened, limits=febrl.LIMITS)
            pairs = linked_pairs(frame, comparison, weights, opened, limits=febrl.LIMITS, floor=weights.threshold)
            found = {(r["left_id"], r["right_id"]) for r in pairs.collect()}
            single = {(r["left_id"], r["right_id"]) for r in best_for_both(febrl.with_groups(pairs, frame)).collect()}
            print(json.dumps({
                "set": number, "without": dropped, "threshold": weights.threshold, "expected_matches": weights.n_matches, "true": len(true),
                "precision, recall, f1": [round(x, 5) for x in febrl.quality(found, true)],
                "one counterpart each": [round(x, 5) for x in febrl.quality(single, true)], "seconds": round(perf_counter() - started, 1),
            }))  # fmt: skip
            frame.unpersist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--febrl", action="store_true")
    parser.add_argument("--splink-python", default=str(ROOT / ".venv/linkage/bin/python"))
    parser.add_argument("--without-splink", action="store_true")
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in () if options.febrl else ("plain", "hub"):
        files[name] = options.work / f"{name}-{options.records}.parquet"
        if not files[name].exists():
            made_up(options.records, hub=name == "hub").to_parquet(files[name], row_group_size=50_000)
    spark = open_session(ROOT / "conf/spark/local", name="linkage")
    if options.febrl:
        of_febrl(spark)
        return
    n_true = n_true_pairs(pd.read_parquet(files["plain"], columns=["record_id"]))
    small = options.work / "warm.parquet"
    made_up(5_000).to_parquet(small)
    ours(spark, small, 1_000)  # the first run compiles
    for turn in range(options.turns):
        for name, file in files.items():
            print(json.dumps({"turn": turn, "set": name, "by": "reclake", **ours(spark, file, n_true)}), flush=True)
        if turn == 0 and not options.without_splink:
            print(
                json.dumps({
                    "turn": turn,
                    "set": "plain",
                    "by": "splink",
                    **by_splink(files["plain"], n_true, options.splink_python),
                }),
                flush=True,
            )


if __name__ == "__main__":
    main()
