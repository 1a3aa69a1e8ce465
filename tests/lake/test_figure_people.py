"""reclake funnel --who: shown, handed out as a file that is noted first, and refused where few people are behind the number."""

import csv
from datetime import date, datetime

import pytest

from frames import frame
from lakes import open_lake
from reclake.behaviour.funnels.definition import Funnel
from reclake.errors import ReclakeError, UsageError
from reclake.run import figure_people as asking
from reclake.run.figure_people import File, asked_of, figure_people
from reclake.run.views import published
from reclake.tables import gold, ops, silver

AS_OF = date(2026, 3, 10)
OLD = date(2026, 1, 1)
FUNNEL = Funnel.model_validate({
    "name": "shop", "description": "d", "unit": "customer", "window": {"hours": 1}, "breakdowns": ["channel"],
    "steps": [{"name": step, "any_of": [{"event": kind}]} for step, kind in (("view", "view_item"), ("cart", "add_to_cart"), ("pay", "purchase"))],
})  # fmt: skip
# Twelve customers viewed and left, one went on and one bought.
VISITS = {f"a{n}": ("view_item",) for n in range(12)} | {
    "b0": ("view_item", "add_to_cart", "purchase"),
    "b1": ("view_item", "add_to_cart"),
}


def events():
    for account, kinds in VISITS.items():
        for minute, kind in enumerate(kinds):
            at = datetime(2026, 3, 8, 4, minute)
            yield dict(
                source="demo", delivery_day=at.date(), file_digest="f", position=minute, event_date=at.date(), occurred_at=at, channel="web",
                event_type=kind, account_id=account, device_id=f"{account}_d", is_bot=False,
            )  # fmt: skip


@pytest.fixture(scope="module")
def app(spark, tmp_path_factory):
    """A lake of these visits, whose gold tells of one lost customer more."""
    folder = tmp_path_factory.mktemp("people")
    app = open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=["privacy.min_group_size=10"])
    rows = {
        silver.IDENTITIES: [dict(account_id=a, customer_id=f"c_{a}", valid_from=OLD) for a in VISITS],
        silver.ACCOUNTS: [
            dict(account_id=a, basis="contract", is_device=False, is_machine=False, valid_from=OLD) for a in VISITS
        ],
        silver.CONSENTS: [],
        silver.EVENTS: list(events()),
        silver.ORDER_LINES: [],
        gold.FUNNELS: [dict(as_of_date=AS_OF, funnel="shop", period="window", dimension="all", value="all", step=1, n_lost=13)],
    }
    versions = {
        table.name: app.store.replace_whole(table, frame(spark, table, *of), entry={"commit_id": table.noun})
        for table, of in rows.items()
    }
    app.manifest.publish(versions, dict.fromkeys(versions, 1), run_id="t", token=1, at=app.clock())
    return app


def asked(step, who):
    return asked_of(FUNNEL, step=step, who=who, as_of=AS_OF)


def test_the_people_are_shown_beside_what_gold_says(app):
    behind = figure_people(app, asked(1, "lost"), limit=3)
    assert (behind["n_customers"], behind["n_units"], behind["gold_n_units"]) == (12, 12, 13)
    assert behind["rows"] == [{"customer_id": f"c_{a}", "n_units": 1} for a in ("a0", "a1", "a10")]
    assert figure_people(app, asked(2, "lost"), limit=3)["gold_n_units"] is None


def test_a_file_is_noted_first_and_holds_all_of_them(app, tmp_path):
    target = tmp_path / "lost.csv"
    row = figure_people(app, asked(1, "lost"), limit=1, file=File(target=target, receiver=" design ", reason="interviews"))[
        "export"
    ]
    with target.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["customer_id", "n_units"]
    assert sorted(rows[1:]) == sorted([f"c_a{n}", "1"] for n in range(12))
    assert target.stat().st_mode & 0o777 == 0o600
    (noted,) = [one.asDict() for one in published(app, ops.PEOPLE_EXPORTS).collect() if one["export_id"] == row["export_id"]]
    assert (noted["figure"], noted["receiver"], noted["n_customers"]) == ("funnel shop, step 1 view, lost", "design", 12)
    with pytest.raises(UsageError, match="an export replaces no file"):
        figure_people(app, asked(1, "lost"), limit=1, file=File(target=target, receiver="design", reason="again"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"receiver": " "}, "an export needs a receiver"),
        ({"reason": ""}, "an export needs a reason"),
        ({"step": 2}, "too few people are behind funnel shop, step 2 cart, lost to be handed out"),
    ],
)
def test_what_may_not_be_handed_out_is_neither_noted_nor_written(app, tmp_path, change, message):
    before = published(app, ops.PEOPLE_EXPORTS).count()
    stated = {"receiver": "r", "reason": "w", "step": 1} | change
    file = File(target=tmp_path / "few.csv", receiver=stated["receiver"], reason=stated["reason"])
    with pytest.raises(UsageError, match=message):
        figure_people(app, asked(stated["step"], "lost"), limit=1, file=file)
    assert list(tmp_path.iterdir()) == []
    assert published(app, ops.PEOPLE_EXPORTS).count() == before


def test_a_file_that_breaks_off_leaves_nothing(app, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(asking, "safe_cell", full)
    with pytest.raises(ReclakeError, match="could not be written"):
        figure_people(app, asked(1, "lost"), limit=1, file=File(target=tmp_path / "f.csv", receiver="r", reason="w"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("step", "who", "message"),
    [(None, "lost", "has the steps 1 to 3"), (4, "lost", "step 4"), (1, "gone", "--who knows no 'gone'")],
)
def test_a_number_that_is_not_there_is_refused_by_name(step, who, message):
    with pytest.raises(UsageError) as error:
        asked(step, who)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 3
