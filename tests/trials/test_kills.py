"""A driver killed with everything it started leaves the tables of an undisturbed run once it is run again (R-01, R-02)."""

import random
import time
from dataclasses import dataclass, replace
from datetime import date

import pytest

from lakes import ROOT, bag, open_lake, run_days
from reclake import tables
from reclake.lake.ledger import Ledger
from reclake.lake.store import Store
from reclake.lake.upkeep import Upkeep
from reclake.run.maintain import maintain
from reclake.run.phases import observed
from reclake.tables import bronze, gold, ops, silver
from trials.processes import KILLED, Place, commits_of, ended, started, told, wait_for_a_commit
from trials.readers import Reader
from trials.trial import Passing, appended

pytestmark = pytest.mark.trial
DAY = date(2026, 1, 2)
JOBS = {
    "bronze": ("ingest", "--day", str(DAY)),
    **{stage: ("build", "--stage", stage, "--day", str(DAY)) for stage in tables.STAGES[1:]},
}
# One moment after the other of one table and its stage; what was committed by a killed run is not built again.
MOMENTS = [
    *((phase, silver.ORDER_LINES.name) for phase in ("persisted", "in_gate", "gated", "in_commit", "committed")),
    *((phase, "silver") for phase in ("ledgered", "in_manifest", "published")),
]

JOINED = bronze.EVENTS
MAINTENANCE_MOMENTS = [(phase, JOINED.name) for phase in ("joining", "joined", "removing", "removed")]
EAGER = {"RECLAKE__MAINTENANCE__MAX_SMALL_FILES": "1"}
# One of each write rule and of each hand that writes: the others are worked on in the same way.
MAINTAINED = (bronze.EVENTS, silver.CONTACTS, silver.CONSENTS, gold.RECOMMENDATIONS, ops.LEDGER, ops.CLAIMS)
MAINTAIN = ("maintain", *(word for table in MAINTAINED for word in ("--table", table.name)))


def opened(spark, place):
    """The lake as a new process finds it."""
    return open_lake(spark, place.folder, source="demo", landing=place.landing)


@pytest.fixture(scope="module")
def before(spark, company, tmp_path_factory):
    """Job → the lake on which it is about to run: day 1 is done, and so are the earlier jobs of day 2."""
    folder = tmp_path_factory.mktemp("before")
    found = {"bronze": Place(folder / "bronze", company)}
    app = opened(spark, found["bronze"])
    assert run_days(app, DAY.replace(day=1)) == {}
    for job, following in zip(JOBS, list(JOBS)[1:], strict=False):
        found[following] = found[job].copy(folder / following)
        assert ended(found[following], *JOBS[job]) == 0, told(found[following])
    return found


@pytest.fixture(scope="module")
def undisturbed(spark, before, tmp_path_factory):
    """What each job leaves when nobody disturbs it: table → rows, and table → its commits that hold data."""
    found = {}
    for job in JOBS:
        place = before[job].copy(tmp_path_factory.mktemp(f"undisturbed-{job}"))
        of, earlier = tables.of_stage(job), commits_of(place, tables.of_stage(job))
        assert ended(place, *JOBS[job]) == 0, told(place)
        at_the_end = time.time()
        moments = [at for path, at in commits_of(place, of).items() if path not in earlier]
        app = opened(spark, place)
        rows = {table.name: bag(app, table) for table in of}
        found[job] = Outcome(rows, builds(app, job), at_the_end - min(moments))
    return found


@dataclass(frozen=True)
class Outcome:
    """What a job left, and how long it was from its first commit of data to its end."""

    rows: dict
    builds: dict
    seconds: float


def builds(app, job):
    """Table → commits that hold built days; those of maintenance hold none."""
    return {
        table.name: sum(bool(app.store.log.commit(app.store.path(table), version).user_metadata.get("ledger"))
                        for version in app.store.log.versions(app.store.path(table)))
        for table in tables.of_stage(job)
    }  # fmt: skip


def differences(spark, place, job, wanted):
    """Where the lake differs from the undisturbed one: rows, or a day that was built more than once."""
    app = opened(spark, place)
    found = {table.name: bag(app, table) for table in tables.of_stage(job)}
    wrong = [name for name, rows in wanted.rows.items() if found[name] != rows]
    return wrong + [f"{name}: {n} builds" for name, n in builds(app, job).items() if n != wanted.builds[name]]


def killed_at_every_moment(spark, place, wanted):
    """What is wrong after the silver job was killed at each moment in turn and then let go on."""
    for moment in MOMENTS:
        code = ended(place, *JOBS["silver"], killed_at=moment)
        assert code == KILLED, f"{moment}: {code}\n{told(place)}"
    assert ended(place, *JOBS["silver"]) == 0, told(place)
    return differences(spark, place, "silver", wanted)


def test_a_driver_killed_at_any_moment_of_a_stage_leaves_what_an_undisturbed_one_leaves(
    spark, before, undisturbed, tmp_path, trial_size
):
    for n in range(trial_size.n_rounds):
        place = before["silver"].copy(tmp_path / f"{n}")
        looking = opened(spark, place)
        rows_before = bag(looking, silver.ORDER_LINES)
        with Reader(looking, silver.ORDER_LINES) as reader:
            wrong = killed_at_every_moment(spark, place, undisturbed["silver"])
        assert wrong == []
        assert reader.wrong == []
        rows_after = undisturbed["silver"].rows[silver.ORDER_LINES.name]
        assert [n for _, n in reader.states] == [rows_before.total(), rows_after.total()]


def test_a_killed_commit_left_files_and_no_log_entry(spark, before, tmp_path):
    """The moment is the one that it says it is: data lie there, and no version names them."""
    place = before["silver"].copy(tmp_path / "killed")
    app = opened(spark, place)
    path = place.lake / "silver" / "order_lines"
    newest, lying = app.store.newest(silver.ORDER_LINES), set(path.rglob("*.parquet"))
    assert ended(place, *JOBS["silver"], killed_at=("in_commit", silver.ORDER_LINES.name)) == KILLED
    assert app.store.newest(silver.ORDER_LINES) == newest
    assert set(path.rglob("*.parquet")) - lying


def test_a_ledger_that_takes_up_no_commits_is_told(spark, before, undisturbed, tmp_path, monkeypatch):
    """The known-bad variant: what a killed run had committed is built and committed a second time."""
    place = before["silver"].copy(tmp_path / "killed")
    assert ended(place, *JOBS["silver"], killed_at=("committed", silver.ORDER_LINES.name)) == KILLED
    monkeypatch.setattr(Ledger, "_complete", lambda ledger, table: None)
    app = opened(spark, place)
    assert run_days(app, DAY, only=frozenset(table.name for table in tables.of_stage("silver"))) == {}
    monkeypatch.undo()
    assert f"{silver.EVENTS.name}: 3 builds" in differences(spark, place, "silver", undisturbed["silver"])


def test_a_plain_append_is_told(spark, before, undisturbed, tmp_path, monkeypatch):
    """The other known-bad variant: a job that appends has doubled what it had committed when it was killed.

    Gates would stop it as well, as keys come twice: they let everything through here.
    """
    place = before["silver"].copy(tmp_path / "killed")
    assert ended(place, *JOBS["silver"], killed_at=("committed", silver.ORDER_LINES.name)) == KILLED
    monkeypatch.setattr(Ledger, "_complete", lambda ledger, table: None)
    monkeypatch.setattr(Store, "replace_days", appended)
    app = opened(spark, place)
    object.__setattr__(app, "gate", Passing(ROOT / "expectations", timeout_seconds=60))
    assert run_days(app, DAY, only=frozenset(table.name for table in tables.of_stage("silver"))) == {}
    monkeypatch.undo()
    assert silver.ORDER_LINES.name in differences(spark, place, "silver", undisturbed["silver"])


@pytest.mark.parametrize("job", JOBS)
def test_a_driver_killed_at_random_moments_leaves_what_an_undisturbed_one_leaves(
    spark, before, undisturbed, tmp_path, trial_seed, trial_size, job
):
    """Each kill falls after a commit of data, where something can be doubled or lost, and a reader looks on all the time."""
    rng, wanted, n_killed, n_places = random.Random(f"{trial_seed} {job}"), undisturbed[job], 0, 0
    of = tables.of_stage(job)
    while n_killed < trial_size.n_kills:
        place = before[job].copy(tmp_path / f"{n_places}")
        n_places += 1
        looking = opened(spark, place)
        watched = max(set(looking.manifest.current()) & set(wanted.rows), key=lambda name: len(wanted.rows[name]))
        rows_before = bag(looking, tables.BY_NAME[watched])
        with Reader(looking, tables.BY_NAME[watched]) as reader:
            while n_killed < trial_size.n_kills:
                with started(place, *JOBS[job]) as process:
                    if not wait_for_a_commit(place, process, of, commits_of(place, of)):
                        assert process.wait() == 0, told(place)
                        break  # nothing was left to write: begin anew
                    time.sleep(rng.uniform(0, wanted.seconds))
                    is_killed = process.poll() is None
                n_killed += is_killed
                if not is_killed:
                    break
            assert ended(place, *JOBS[job]) == 0, told(place)
        assert reader.wrong == []
        assert reader.seen
        # What was published before, and then what an undisturbed run publishes.
        assert [n for _, n in reader.states] == [rows_before.total(), wanted.rows[watched].total()][: len(reader.states)]
        assert differences(spark, place, job, wanted) == []


@pytest.mark.parametrize("options", [(), ("--erase-history",)], ids=("joining", "erasing"))
def test_maintenance_killed_at_random_moments_changes_no_row(spark, before, tmp_path, trial_seed, trial_size, options):
    """While it joins files, and while it removes them: published rows stay as they are, and so does what is up to date.

    A reader looks on by the manifest. Erasing takes files away that it may have open: there it is asked for rows, not for calm.
    """
    rng = random.Random(f"{trial_seed} maintain {options}")
    wanted = published_rows(opened(spark, before["recommendations"]))
    undisturbed = replace(before["recommendations"].copy(tmp_path / "undisturbed"), settings=EAGER)
    with started(undisturbed, *MAINTAIN, *options) as process:
        assert wait_for_a_commit(undisturbed, process, tables.TABLES, commits_of(undisturbed, tables.TABLES)), told(undisturbed)
        claimed = time.monotonic()
        assert process.wait(timeout=600) == 0, told(undisturbed)
    seconds, n_killed, n_places = time.monotonic() - claimed, 0, 0
    while n_killed < trial_size.n_kills:
        place = replace(before["recommendations"].copy(tmp_path / f"{n_places}"), settings=EAGER)
        n_places += 1
        with Reader(opened(spark, place), JOINED) as reader:
            while n_killed < trial_size.n_kills:
                with started(place, *MAINTAIN, *options) as process:
                    assert wait_for_a_commit(place, process, tables.TABLES, commits_of(place, tables.TABLES)), told(place)
                    time.sleep(rng.uniform(0, seconds))
                    is_killed = process.poll() is None
                n_killed += is_killed
                assert published_rows(opened(spark, place)) == wanted
                if not is_killed:
                    break
            assert ended(place, *MAINTAIN, *options) == 0, told(place)
        assert {n_rows for _, n_rows in reader.seen} == {wanted[JOINED.name].total()}
        assert reader.wrong == [] or options
        app = opened(spark, place)
        assert published_rows(app) == wanted
        assert app.store.read_newest(ops.MAINTENANCE).count() > 0
        assert {name: row.version for name, row in app.manifest.current().items()} == {
            name: app.store.newest(tables.BY_NAME[name]) for name in app.manifest.current()
        }
        assert ended(place, *JOBS["silver"]) == 0, told(place)
        assert published_rows(opened(spark, place)) == wanted


def test_maintenance_killed_at_each_of_its_moments_changes_no_row(spark, before, tmp_path, trial_size):
    """Before its new version is published, and while files of older ones go one by one."""
    wanted = published_rows(opened(spark, before["silver"]))
    for n in range(trial_size.n_rounds):
        place = replace(before["silver"].copy(tmp_path / f"{n}"), settings=EAGER)
        for moment in MAINTENANCE_MOMENTS:
            assert ended(place, *MAINTAIN, "--erase-history", killed_at=moment) == KILLED, f"{moment}\n{told(place)}"
            assert published_rows(opened(spark, place)) == wanted, moment
        assert ended(place, *MAINTAIN, "--erase-history") == 0, told(place)
        assert published_rows(opened(spark, place)) == wanted
        assert ended(place, *JOBS["silver"]) == 0, told(place)


def test_files_that_go_before_the_version_without_them_is_published_would_be_missed(spark, before, tmp_path, monkeypatch):
    """The known-bad variant, broken off at the same moment."""
    place = before["silver"].copy(tmp_path / "bad")
    app = opened(spark, place)
    compact = Upkeep.compact

    def hasty(upkeep, table, days):
        compact(upkeep, table, days)
        upkeep.remove_old_files(table, erasing=True)

    def broken_off(name, of):
        if (name, of) == ("joined", JOINED.name):
            raise KeyboardInterrupt

    monkeypatch.setattr(Upkeep, "compact", hasty)
    eager = app.settings.maintenance.model_copy(update={"max_small_files": 1})
    object.__setattr__(app, "settings", app.settings.model_copy(update={"maintenance": eager}))
    with observed(broken_off), pytest.raises(KeyboardInterrupt):
        maintain(app, only={JOINED.name})
    with pytest.raises(Exception, match=r"(?i)file.*not.*(exist|found)"):
        bag(opened(spark, place), JOINED)


def published_rows(app):
    """Published table → its rows."""
    return {name: bag(app, tables.BY_NAME[name]) for name in app.manifest.current()}
