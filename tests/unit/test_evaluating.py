"""How an evaluation is listed: each scenario by its own metric, models by the one that is asked for."""

from reclake.cli.evaluating import _listings

SPLIT = "train < 2026-02-22 <= test < 2026-03-01"


def measured(name, metric, value, *, scenario=None, segment=("all", "all")):
    label = {"scenario": scenario, "label": "bought in 14 days"} if scenario else {}
    bounds = {"lower": value - 0.1, "upper": value + 0.1, "n_customers": 50, "split": SPLIT}
    return (
        {"model_name": name, "metric": metric, "value": value, "segment_kind": segment[0], "segment": segment[1]} | bounds | label
    )


def test_a_scenario_is_listed_by_its_own_metric():
    rows = [
        measured("als", "ndcg_at_10", 0.4),
        measured("als", "recall_at_10", 0.5),
        measured("als", "ndcg_at_10 / popular_7_days", 2.0),
        measured("chain", "hit_rate_at_5", 0.6, scenario="win_back"),
        measured("chain", "hit_rate_at_5 / popular_7_days", 3.0, scenario="win_back"),
        measured("popular_7_days", "hit_rate_at_5", 0.2, scenario="win_back"),
        measured("als", "hit_rate_at_5", 0.3, scenario="win_back", segment=("tier", "new")),
    ]
    listed = _listings(rows, "ndcg_at_10")
    of_models, scenario, new = listed.values()
    assert list(listed) == [
        f"ndcg_at_10, all: {SPLIT}",
        f"hit_rate_at_5, win_back, bought in 14 days, all: {SPLIT}",
        f"hit_rate_at_5, win_back, bought in 14 days, tier new: {SPLIT}",
    ]
    assert [(row["model_name"], row["value"], row["over_popular_7_days"]) for row in of_models] == [("als", 0.4, 2.0)]
    chain, popular = scenario
    assert (chain["value"], chain["over_popular_7_days"], chain["from"], chain["to"]) == (0.6, 3.0, 2.9, 3.1)
    assert (popular["value"], popular["over_popular_7_days"], popular["from"]) == (0.2, None, None)
    assert [row["model_name"] for row in new] == ["als"]
