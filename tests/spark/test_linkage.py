"""Blocks of too many records, and links of one counterpart each, against plain Python."""

from collections import Counter

from pyspark.sql import functions as F

from frames import contents, in_order
from reclake.identity.linkage.blocking import BlockLimits, in_blocks, left_out, with_block_keys
from reclake.identity.linkage.linkage import best_for_both
from reclake.identity.linkage.rarity import with_shares

RULES = ("phone", "name")
SCHEMA = "record_id string, block_phone long, block_phone_refined long, block_name long, block_name_refined long"


def test_crowded_keys_are_narrowed_or_left_out(spark):
    rows = [
        *((f"narrowed-{i}", 1, i % 2, 100 + i, None) for i in range(5)),  # five share a key, and two or three a narrower one
        *((f"hub-{i}", 2, 7, 200 + i, None) for i in range(6)),  # six share both
        *((f"bare-{i}", 3, None, 300 + i, None) for i in range(4)),  # four share a key without a narrower one
        *((f"few-{i}", 4, 8, None, None) for i in range(3)),
        ("alone", None, None, 400, None),
    ]
    records = spark.createDataFrame(rows, SCHEMA).repartition(2)
    keyed = with_block_keys(records, RULES, BlockLimits(max_records=3, max_refined_records=4))
    expected = {
        record_id: [{1: refined, 4: key}.get(key), name]  # key 1 is narrowed, key 4 stays, keys 2 and 3 are left out
        for record_id, key, refined, name, _ in rows
    }
    assert {row["record_id"]: row["keys"] for row in keyed.collect()} == expected
    assert contents(left_out(records, keyed, RULES)) == in_order(
        {"rule": "phone", "n_records": 18, "n_left_out": 10}, {"rule": "name", "n_records": 16, "n_left_out": 0}
    )
    together = in_blocks(keyed.withColumn("exclusive", F.lit(None).cast("string"))).select("rule", "key").collect()
    assert Counter((row["rule"], row["key"]) for row in together) == {(0, 0): 3, (0, 1): 2, (0, 4): 3}


def test_the_chance_of_a_value_leaves_the_two_out_that_agree(spark):
    held = [*(("王", owner) for owner in "abcdef"), ("王", "a"), ("赵", "g"), ("赵", "h"), (None, "i")]
    numbers = {"王": 1, "赵": 2, None: None}
    records = spark.createDataFrame([(numbers[value], owner) for value, owner in held], "value_name long, owner string")
    shares = {row["owner"]: row["share_name"] for row in with_shares(records, ["name"]).collect()}
    assert shares == dict.fromkeys("abcdef", 4 / 8) | dict.fromkeys("ghi")


def test_each_end_keeps_its_heaviest_counterpart(spark):
    links = [
        ("a1", "b1", "a", "b", 9.0), ("a1", "b2", "a", "b", 8.0),  # b1 is the best of a1
        ("a2", "b2", "a", "b", 5.0), ("a3", "b2", "a", "b", 5.0),  # a tie: but a1 is the best of b2, which is no best of a1
        ("a4", "b4", "a", "b", 3.0), ("a5", "b4", "a", "b", 3.0),  # a tie keeps the smaller ids
        ("a1", "c1", "a", None, 1.0), ("a2", "c1", "a", None, 1.0),  # who has no group takes any number into it
    ]  # fmt: skip
    frame = spark.createDataFrame(
        links, "left_id string, right_id string, left_exclusive string, right_exclusive string, match_weight double"
    )
    kept = {(row["left_id"], row["right_id"]) for row in best_for_both(frame.repartition(2)).collect()}
    assert kept == {("a1", "b1"), ("a4", "b4"), ("a1", "c1")}
