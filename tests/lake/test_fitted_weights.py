"""Weights of linkage as a model: fitted, judged, promoted, applied by the next run, and rolled back."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from kept import copy_of
from lakes import open_lake, run_days, with_inputs
from reclake.identity.linkage.weights import Weights
from reclake.run.fitting import fit
from reclake.run.rollback import roll_back
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.tables import gold, silver
from reclake.tables.models import LINKAGE

DAY = date(2026, 3, 2)
WANTED = with_inputs(silver.IDENTITY_PAIRS)


def accounts(seed, n_people=150):
    """Two accounts of each person; the second has slips. By channel: lines of the demo source."""
    chance = random.Random(seed)
    lines = {"app": [], "pos": []}
    for person in range(n_people):
        said = {
            "name": chance.choice("王李张刘陈杨赵黄周吴") + "".join(chance.choices("伟芳娜敏静磊洋艳勇杰婷浩然子涵", k=2)),
            "mobile": "138" + "".join(chance.choices("0123456789", k=8)),
            "address": f"{chance.choice(['人民路', '解放路', '中山路', '建设路'])}{chance.randint(1, 400)}号{chance.randint(1, 30)}室",
            "birth_year": chance.randint(1950, 2000),
            "gender": chance.choice(["male", "female"]),
            "region": chance.choice(["上海市浦东新区", "北京市朝阳区", "广州市天河区"]),
        }
        again = {key: value for key, value in said.items() if chance.random() < 0.85}
        if "mobile" in again and chance.random() < 0.2:
            again["mobile"] = said["mobile"][:-2] + said["mobile"][-1] + said["mobile"][-2]
        for channel, state in (("app", said), ("pos", again)):
            lines[channel].append(
                {"account_no": f"{channel}-{person}", "channel": channel, "updated_at": "2026-03-01T08:00:00Z"} | state
            )
    return lines


def opened(spark, folder):
    return open_lake(spark, folder, source="demo", landing=folder / "landing")


def lake_of_accounts(spark, folder):
    """A lake of one day of these accounts, and their likely pairs by the weights that are shipped."""
    for channel, lines in accounts(seed=3).items():
        place = folder / "landing" / "demo" / "accounts" / channel
        place.mkdir(parents=True)
        (place / "2026-03-01.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    assert run_days(opened(spark, folder), only=WANTED) == {}


@pytest.fixture
def app(spark, tmp_path):
    return opened(spark, copy_of("lake-of-accounts", lake_of_accounts, spark, tmp_path))


def versions(app):
    return Counter(row["model_version"] for row in published(app, silver.IDENTITY_PAIRS).collect())


def build(app):
    assert build_stage(app, "silver", replace(scope_of(app, first=None, last=None), tables=WANTED), stopped={}) == {}


def test_weights_serve_once_they_are_promoted_and_until_a_rollback(app):
    assert versions(app).keys() == {"default"}
    before = app.manifest.last_id()
    outcome = fit(app, LINKAGE, as_of=DAY)
    assert outcome.is_promotable, outcome.reasons
    assert outcome.n_accounts == 300
    assert outcome.weights.n_matches == pytest.approx(150, rel=0.1)
    assert app.model_version("linkage") == 1
    assert Weights.from_json(app.weights_registry("linkage").load("1")) == outcome.weights
    rows = published(app, gold.MODEL_METRICS).collect()
    assert {(row["model_name"], row["metric"], row["value"], row["is_promoted"]) for row in rows} == {
        ("linkage", "expected_precision", outcome.weights.expected_precision, True),
        ("linkage", "expected_recall", outcome.weights.expected_recall, True),
    }
    assert fit(app, LINKAGE, as_of=DAY) is None, "a run fits once"

    build(app)
    assert versions(app).keys() == {outcome.weights.version}
    linked = [row for row in published(app, silver.IDENTITY_PAIRS).collect() if row["is_linked"]]
    assert len(linked) > 120

    roll_back(app, before)
    assert app.model_version("linkage") is None
    build(app)
    assert versions(app).keys() == {"default"}


def test_weights_that_are_not_sure_enough_serve_nowhere(spark, app, tmp_path):
    strict = open_lake(
        spark, tmp_path, source="demo", landing=tmp_path / "landing", overrides=["linkage.min_expected_precision=0.9999999"]
    )
    outcome = fit(strict, LINKAGE, as_of=DAY)
    assert not outcome.is_promotable
    assert "below 1.0000" in outcome.decision
    assert strict.model_version("linkage") is None
    assert not any(row["is_promoted"] for row in published(strict, gold.MODEL_METRICS).collect())


def test_a_fit_comes_when_it_is_due(spark, app, tmp_path):
    assert fit(app, LINKAGE, as_of=DAY, tune="never") is None
    assert fit(app, LINKAGE, as_of=DAY, tune="when-due") is not None
    for as_of, is_due in ((date(2026, 5, 31), False), (date(2026, 6, 1), True)):
        later = open_lake(spark, tmp_path, source="demo", landing=tmp_path / "landing")
        assert (fit(later, LINKAGE, as_of=as_of, tune="when-due") is not None) is is_due
