"""Linkage of benchmarks/linkage.py's records by Splink on DuckDB; run by it, in the environment of `make linkage`.

Rules and attributes are the same, and levels but for one: a swap of two characters is two edits, as DuckDB is slow at the
distance that counts it as one. Prints one line of JSON: pairs, linked, right, seconds.
"""

import json
import os
import sys
from time import perf_counter

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

RULES = [
    block_on("given_name", "surname"),
    block_on("birth_date", "city"),
    block_on("street", "city"),
    block_on("phone"),
]


def main(file: str) -> None:
    seconds = {}
    started = last = perf_counter()

    def lap(what: str) -> None:
        nonlocal last
        seconds[what] = round(perf_counter() - last, 1)
        last = perf_counter()

    connection = duckdb.connect()
    connection.execute(f"SET threads = {os.cpu_count()}; SET memory_limit = '12GB'")
    connection.execute("CREATE TABLE records AS SELECT * FROM read_parquet(?)", [file])
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=RULES,
        comparisons=[
            cl.LevenshteinAtThresholds("given_name", [1, 2]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("surname", [1, 2]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("birth_date", [1, 2]),
            cl.LevenshteinAtThresholds("street", [1, 3]),
            cl.ExactMatch("city"),
            cl.LevenshteinAtThresholds("phone", [1, 2]),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(connection)
    linker = Linker(
        api.register(connection.table("records")) if hasattr(api, "register") else "records",
        settings,
        **({} if hasattr(api, "register") else {"db_api": api}),
    )
    deterministic = [block_on("given_name", "surname", "birth_date"), block_on("phone", "surname")]
    linker.training.estimate_probability_two_random_records_match(deterministic, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    lap("u")
    for rule in (block_on("given_name", "surname"), block_on("birth_date", "city")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    lap("em")
    linked = linker.inference.predict(threshold_match_probability=0.5)
    table = linked.physical_name
    n, right = connection.execute(
        f"SELECT count(*), count(*) FILTER (split_part(record_id_l, '-', 1) = split_part(record_id_r, '-', 1)) FROM {table}"
    ).fetchone()
    lap("links")
    seconds["all"] = round(perf_counter() - started, 1)
    print(json.dumps({"linked": n, "right": right, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
