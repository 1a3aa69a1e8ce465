"""A reader that has opened a version reads it to its end while maintenance works beside it (R-19).

The table's first version was current for 100 days and was replaced 300 days ago: nothing keeps it. The second was current
from then until 60 days ago: it is older than every retention, and the oldest that a kept manifest names.
"""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aged import age
from frames import frame
from reclake.errors import SettingsInvalid
from reclake.run.application import utc_now
from reclake.run.maintain import maintain
from reclake.run.upkeep import MAINTAINED
from reclake.settings import load_settings
from reclake.tables import gold
from till import MENDED, opened_lake

pytestmark = pytest.mark.trial
TABLE, DAY, N_ROWS = gold.SEGMENT_BINS, date(2026, 3, 1), 40
CURRENT_SINCE = {0: 400, 1: 300, 2: 60}  # version → days ago on which it was published
FORGOTTEN, OLDEST_KEPT, CURRENT = CURRENT_SINCE
GONE = "FILE_NOT_EXIST|PATH_NOT_FOUND"
REFUSED = "TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION"


def rows_of(version):
    whole = dict(as_of_date=DAY, measure="recency", lower_edge=Decimal("1.0000"), upper_edge=Decimal("2.0000"))
    return [whole | dict(score=version, n_customers=number) for number in range(N_ROWS)]


def bag_of(rows):
    return Counter(
        (row["as_of_date"], row["measure"], row["score"], row["lower_edge"], row["upper_edge"], row["n_customers"])
        for row in rows
    )


@pytest.fixture
def app(spark, tmp_path):
    return made(spark, tmp_path, committed=CURRENT_SINCE)


def made(spark, tmp_path, *, committed):
    """A lake whose one table was published three times, in files of which four make a day; `committed` so many days ago."""
    (tmp_path / "mended").mkdir()
    (tmp_path / "mended" / "till.toml").write_text(MENDED)
    (tmp_path / "landing").mkdir()
    app = opened_lake(spark, tmp_path, tmp_path / "landing", "mended")
    eager = app.settings.maintenance.model_copy(update={"max_small_files": 1, "small_file_bytes": 1_000_000})
    object.__setattr__(app, "settings", app.settings.model_copy(update={"maintenance": eager}))
    ages = [*committed.values(), 0]
    for number, (version, days_ago) in enumerate(CURRENT_SINCE.items()):
        written = frame(spark, TABLE, *rows_of(version)).repartition(4)
        assert app.store.replace_days(TABLE, written, days=[DAY], entry={"commit_id": f"{version}"}) == version
        at = utc_now() - timedelta(days=days_ago)
        app.manifest.publish({TABLE.name: version}, {TABLE.name: N_ROWS}, run_id=f"r{version}", token=number + 1, at=at)
        age(spark, tmp_path / "lake" / "gold" / "segment_bins", days=ages[number] - ages[number + 1])
    return app


def opened(app, version):
    """A reader that has read its first rows; the files of the others it opens as it comes to them."""
    pinned = app.store.read(TABLE, version=version)
    assert pinned.rdd.getNumPartitions() > 1
    reading = pinned.toLocalIterator()
    return reading, [next(reading)]


def read_beside(app, version, **options):
    """What a reader of the version reads while maintenance runs, and the outcome of the latter."""
    reading, rows = opened(app, version)
    [done] = maintain(app, only=[TABLE.name], **options)
    return rows + list(reading), done


@pytest.mark.parametrize("version", [OLDEST_KEPT, CURRENT], ids=("oldest-kept", "current"))
def test_a_pinned_reader_reads_to_the_end(app, version):
    rows, done = read_beside(app, version)
    assert bag_of(rows) == bag_of(rows_of(version))
    assert (done["outcome"], done["n_files_before"], done["n_files_after"]) == (MAINTAINED, 4, 1)
    assert done["oldest_version"] == OLDEST_KEPT
    # It did remove something: the four files of the version that nothing keeps.
    with pytest.raises(Exception, match=GONE):
        app.store.read(TABLE, version=FORGOTTEN).collect()
    published = app.manifest.current()[TABLE.name]
    assert (published.version, published.kind) == (app.store.newest(TABLE), "maintenance")
    for manifest_id, wanted in ((2, OLDEST_KEPT), (3, CURRENT)):
        named = app.manifest.current(manifest_id)[TABLE.name].version
        assert bag_of(app.store.read(TABLE, version=named).collect()) == bag_of(rows_of(wanted))
    assert bag_of(app.store.read(TABLE, version=published.version).collect()) == bag_of(rows_of(CURRENT))


def test_what_was_replaced_long_before_another_was_published_stays(spark, tmp_path):
    """A run died between its commit, 120 days ago, and its publication, which the next one did 60 days ago."""
    app = made(spark, tmp_path, committed=CURRENT_SINCE | {CURRENT: 120})
    rows, done = read_beside(app, OLDEST_KEPT)
    assert bag_of(rows) == bag_of(rows_of(OLDEST_KEPT))
    assert (done["outcome"], done["oldest_version"]) == (MAINTAINED, OLDEST_KEPT)
    assert bag_of(app.store.read(TABLE, version=OLDEST_KEPT).collect()) == bag_of(rows_of(OLDEST_KEPT))


@pytest.mark.parametrize("setting", ["lake.keep_manifests_days", "retention.notes_days"])
def test_a_retention_below_a_week_is_refused(root, setting):
    with pytest.raises(SettingsInvalid, match=rf"(?s){setting.rpartition('.')[2]}.*7"):
        load_settings(root, profile="test", overrides=[f"{setting}=6"], environment={})
    load_settings(root, profile="test", overrides=[f"{setting}=7"], environment={})


@pytest.mark.parametrize("version", [OLDEST_KEPT, CURRENT], ids=("oldest-kept", "current"))
def test_the_same_reader_breaks_where_nothing_is_retained(app, version):
    """The known-bad variant."""
    with pytest.raises(Exception, match=GONE):
        read_beside(app, version, erasing=True)


def test_the_oldest_kept_version_cannot_be_opened_by_delta_s_own_rule(app, spark):
    """The other known-bad variant: without the store's setting the age of a version counts, not that of its removal."""
    rule = "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration"
    spark.conf.set(rule, "true")
    try:
        with pytest.raises(Exception, match=REFUSED):
            opened(app, OLDEST_KEPT)
    finally:
        spark.conf.set(rule, "false")
