"""Linkage of the public FEBRL sets: one setting, no labels; the labels judge only."""

import pytest

import febrl
from reclake.identity.linkage.comparing import plain_columns
from reclake.identity.linkage.linkage import best_for_both, fitted_weights, linked_pairs

pytestmark = pytest.mark.skipif(not febrl.FOLDER.is_dir(), reason="no FEBRL sets: make linkage")


def linked(spark, records, *, n_partitions=None):
    """The weights, and the links as (smaller id, larger id) → weight."""
    frame = febrl.frame(spark, records, n_partitions=n_partitions).cache()
    opened = plain_columns(febrl.COMPARISON)
    weights = fitted_weights(frame, febrl.COMPARISON, opened, limits=febrl.LIMITS)
    pairs = linked_pairs(frame, febrl.COMPARISON, weights, opened, limits=febrl.LIMITS, floor=weights.threshold)
    rows = best_for_both(febrl.with_groups(pairs, frame)).select("left_id", "right_id", "match_weight").collect()
    frame.unpersist()
    return weights, {(row["left_id"], row["right_id"]): row["match_weight"] for row in rows}


@pytest.mark.parametrize(("number", "floor"), [(3, 0.999), (4, 0.999)])
def test_links_are_right_and_do_not_depend_on_the_order_of_rows(spark, number, floor):
    records = febrl.rows(number)
    true = febrl.true_pairs(records)
    weights, links = linked(spark, records)
    assert weights.n_matches == pytest.approx(len(true), rel=0.01)
    assert febrl.quality(links.keys(), true)[2] >= floor
    permuted = records.sample(frac=1, random_state=7)
    assert permuted["record_id"].tolist() != records["record_id"].tolist()
    other_weights, other_links = linked(spark, permuted, n_partitions=3)
    assert other_weights.to_json() == weights.to_json()
    assert other_links == links
