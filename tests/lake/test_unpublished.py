"""What was built and not published, rolled back twice, or damaged: the ledger and the readers agree on what is there."""

from dataclasses import replace

import pytest
from pyspark.sql import functions as F

from frames import frame
from lakes import bag, run_days, with_inputs
from reclake.errors import LakeDamaged, Overtaken, UsageError
from reclake.lake.contents import contents_by_day
from reclake.run import append
from reclake.run.ingest import ingest
from reclake.run.rollback import roll_back
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.tables import bronze, gold, ops, silver
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order

ONLY = frozenset({"silver.order_records", "silver.order_lines", "silver.interactions"})


WITH_SEGMENTS = with_inputs(gold.CUSTOMER_SEGMENTS)


class Crashed(Exception):
    pass


@pytest.fixture
def landing(tmp_path):
    (tmp_path / "mended").mkdir()
    (tmp_path / "mended" / "till.toml").write_text(MENDED)
    place = tmp_path / "landing" / "till" / "app"
    place.mkdir(parents=True)
    for number, day in enumerate((FIRST, SECOND, THIRD)):
        (place / f"{day}.jsonl").write_text(order(f"o{number}", day=day, sku=f"p{number}") + "\n")
    return tmp_path / "landing"


def limited(app, day):
    return replace(scope_of(app, first=day, last=day), tables=ONLY)


def interactions(app):
    return sorted(row["product_id"] for row in published(app, silver.INTERACTIONS).collect())


def n_orders(app, as_of):
    return [row["n_orders"] for row in published(app, gold.CUSTOMER_SEGMENTS).where(F.col("as_of_date") == as_of).collect()]


@pytest.mark.trial
def test_a_stage_that_read_less_than_was_built_is_stale_once_the_rest_is_published(spark, tmp_path, landing, monkeypatch):
    app = opened_lake(spark, tmp_path, landing, "mended")
    assert run_days(app, FIRST, only=WITH_SEGMENTS) == {}
    publish = app.manifest.publish

    def crash_in_silver(versions, rows, **options):
        if any(name.startswith("silver.order") for name in versions):
            raise Crashed
        return publish(versions, rows, **options)

    monkeypatch.setattr(app.manifest, "publish", crash_in_silver)
    with pytest.raises(Crashed):
        run_days(app, SECOND, only=WITH_SEGMENTS)
    alone = opened_lake(spark, tmp_path, landing, "mended")
    build_stage(alone, "customers", replace(limited(alone, SECOND), tables=WITH_SEGMENTS))
    assert n_orders(alone, THIRD) == [1], "it must read what is published"
    whole = opened_lake(spark, tmp_path, landing, "mended")
    assert run_days(whole, SECOND, only=WITH_SEGMENTS) == {}
    assert n_orders(whole, THIRD) == [2]


@pytest.mark.trial
def test_a_rollback_that_is_undone_leaves_the_ledger_as_it_was(spark, tmp_path, landing):
    app = opened_lake(spark, tmp_path, landing, "mended")
    for day in (FIRST, SECOND):
        assert run_days(app, day, only=ONLY) == {}
    manifests = app.store.read_newest(ops.PUBLISHED_VERSIONS).where(F.col("name") == silver.INTERACTIONS.name)
    first, last = (manifests.agg(one("manifest_id")).first()[0] for one in (F.min, F.max))
    then = {table.name: (app.ledger.days(table), bag(app, table)) for table in (silver.ORDER_LINES, silver.INTERACTIONS)}
    roll_back(app, first)
    assert interactions(app) == ["p0"]
    roll_back(app, last)
    for table in (silver.ORDER_LINES, silver.INTERACTIONS):
        days, rows = then[table.name]
        now = app.ledger.days(table)
        assert {day: entry.content for day, entry in now.items()} == {day: entry.content for day, entry in days.items()}
        assert bag(app, table) == rows
    assert run_days(app, THIRD, only=ONLY) == {}
    assert interactions(app) == ["p0", "p1", "p2"]


@pytest.mark.trial
def test_a_table_whose_log_was_cut_is_not_written_on(spark, tmp_path, landing):
    app = opened_lake(spark, tmp_path, landing, "mended")
    for day in (FIRST, SECOND):
        assert run_days(app, day, only=ONLY) == {}
    log = sorted((tmp_path / "lake" / "silver" / "interactions" / "_delta_log").glob("*.json"))
    for path in log[-1].parent.glob(f".{log[-1].name}.crc"):
        path.unlink()
    log[-1].write_text("")
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    damaged = opened_lake(spark, tmp_path, landing, "mended")
    with pytest.raises(LakeDamaged):
        run_days(damaged, THIRD, only=ONLY)
    with pytest.raises(LakeDamaged):
        published(damaged, silver.INTERACTIONS)


def test_a_drop_is_not_taken_in_beside_what_an_older_run_appended_meanwhile(spark, tmp_path, landing, monkeypatch):
    app = opened_lake(spark, tmp_path, landing, "mended")
    judged = append.require_as_published

    def with_one_before(run, table):
        judged(run, table)
        app.store.append_new(table, app.store.empty(table), number=0, entry={"commit_id": "an older run's"})

    monkeypatch.setattr(append, "require_as_published", with_one_before)
    with pytest.raises(Overtaken, match="by another run meanwhile"):
        ingest(app)
    assert app.store.read_newest(bronze.ORDERS).count() == 0
    monkeypatch.undo()
    assert ingest(app) == {}
    assert published(app, bronze.ORDERS).count() == 3


def test_one_folder_for_several_sources_is_refused_before_anything_is_taken_in(spark, tmp_path, landing):
    app = opened_lake(spark, tmp_path, landing, "mended")
    both = app.settings.model_copy(update={"sources": app.settings.sources.model_copy(update={"enabled": ["till", "stall"]})})
    with pytest.raises(UsageError, match="several sources"):
        ingest(replace(app, settings=both), str(landing / "till"))
    assert app.manifest.last_id() == 0


def test_a_value_that_moves_to_the_next_column_is_another_content(spark):
    rows = (dict(product_id="p", valid_from=FIRST) | told for told in (dict(product_name="tea"), dict(category="tea")))
    one, other = (contents_by_day(frame(spark, silver.PRODUCTS, row), silver.PRODUCTS) for row in rows)
    assert one != other
