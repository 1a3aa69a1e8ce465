"""Two runs for the same days never harm each other: one publishes, the other ends with exit code 5 (R-07)."""

from datetime import date, timedelta

import pytest

from lakes import ROOT, bag, make_company, open_lake, run_days, with_inputs
from reclake.errors import Overtaken
from reclake.lake.claims import Claims
from reclake.run import commit as commit_module
from reclake.run.application import utc_now
from reclake.tables import ops, silver
from trials.trial import Passing, Unchecked, snapshot

pytestmark = pytest.mark.trial
FIRST = date(2026, 1, 1)
DAYS = [FIRST, FIRST + timedelta(days=1)]
LATER = FIRST + timedelta(days=5)  # beyond the late limit: what is delivered then touches none of the first days
ONLY = with_inputs(silver.ORDER_LINES)
COMPARED = (silver.ORDER_RECORDS, silver.ORDER_LINES)


class Held(Passing):
    """A gate in which something else happens before it lets a table through."""

    def __init__(self, table, meanwhile):
        super().__init__(ROOT / "expectations", timeout_seconds=60)
        self._held, self._meanwhile = table, meanwhile

    def check(self, table, frame, **options):
        if table is self._held:
            self._held = None
            self._meanwhile()
        return super().check(table, frame, **options)


def after_the_claim():
    return utc_now() + timedelta(hours=3)


def opened(spark, folder, company, *, claims=Claims, clock=utc_now):
    """A run of its own on the lake: nothing is remembered of another."""
    app = open_lake(spark, folder, source="demo", landing=company, clock=clock)
    run = app.settings.run
    object.__setattr__(app, "gate", Held(None, None))  # gates are not on trial here
    object.__setattr__(app, "claims", claims(app.store, clock, minutes=run.claim_minutes, wait_seconds=0))
    return app


def ended(app, *days):
    """The exit code of a run."""
    try:
        stopped = run_days(app, *days, only=ONLY)
    except Overtaken as overtaken:
        return overtaken.exit_code
    assert stopped == {}
    return 0


def published_by(app):
    return {row["run_id"] for row in app.store.read_newest(ops.PUBLISHED_VERSIONS).where("name LIKE 'silver.%'").collect()}


@pytest.fixture(scope="module")
def company(spark, tmp_path_factory):
    """The landing folder of a company that delivers beyond the late limit."""
    return make_company(spark, tmp_path_factory.mktemp("longer-company"), n_days=6)


@pytest.fixture(scope="module")
def undisturbed(spark, company, tmp_path_factory):
    """What runs one after the other have published after each day."""
    app = opened(spark, tmp_path_factory.mktemp("undisturbed"), company)
    found = []
    for day in (*DAYS, LATER):
        assert ended(app, day) == 0
        found.append({table.name: bag(app, table) for table in COMPARED})
    return found


def bags(spark, folder, company):
    app = opened(spark, folder, company)
    return {table.name: bag(app, table) for table in COMPARED}


def refused(spark, company, folder, undisturbed, *, claims=Claims):
    """What went wrong when a second run for the day came while the first was in its gate."""
    first, second = (opened(spark, folder, company, claims=claims) for _ in range(2))
    codes = {}

    def meanwhile():
        codes["second"] = ended(second, DAYS[0])

    in_the_gate(first, meanwhile)
    codes["first"] = ended(first, DAYS[0])
    wrong = [f"{run} ended with {codes[run]}" for run, code in (("first", 0), ("second", 5)) if codes[run] != code]
    if published_by(first) != {first.run_id}:
        wrong.append("the second published")
    if bags(spark, folder, company) != undisturbed[0]:
        wrong.append("other rows")
    return wrong


def in_the_gate(first, meanwhile):
    object.__setattr__(first, "gate", Held(silver.ORDER_LINES, meanwhile))


def overtaken(spark, company, folder, undisturbed, *, claims=Claims, hold=in_the_gate):
    """What went wrong when the first run's claim expired while it was held, and a second run took in a day more."""
    first = opened(spark, folder, company, claims=claims)
    second = opened(spark, folder, company, claims=claims, clock=after_the_claim)
    codes, seen = {}, {}

    def meanwhile():
        codes["second"] = ended(second, *DAYS)
        seen.update(snapshot(second))

    hold(first, meanwhile)
    codes["first"] = ended(first, DAYS[0])
    wrong = [f"{run} ended with {codes[run]}" for run, code in (("first", 5), ("second", 0)) if codes[run] != code]
    if snapshot(opened(spark, folder, company)) != seen:
        wrong.append("the first published")
    # A run for another day writes on top of whatever the first left behind.
    assert ended(opened(spark, folder, company, claims=claims, clock=after_the_claim), LATER) == 0
    if bags(spark, folder, company) != undisturbed[2]:
        wrong.append("other rows")
    return wrong


def test_a_second_run_for_a_day_is_refused_while_the_first_is_in_its_gate(spark, company, tmp_path, undisturbed, trial_size):
    for pair in range(trial_size.n_pairs):
        assert refused(spark, company, tmp_path / f"{pair}", undisturbed) == []


def test_a_run_whose_claim_expired_in_its_gate_publishes_nothing(spark, company, tmp_path, undisturbed, trial_size):
    for pair in range(trial_size.n_pairs):
        assert overtaken(spark, company, tmp_path / f"{pair}", undisturbed) == []


def test_claims_that_check_nothing_are_told(spark, company, tmp_path, undisturbed):
    """The known-bad variant: both runs write and publish the day."""
    assert "second ended with 0" in refused(spark, company, tmp_path / "refused", undisturbed, claims=Unchecked)
    assert {"first ended with 0", "the first published"} <= set(
        overtaken(spark, company, tmp_path / "overtaken", undisturbed, claims=Unchecked)
    )


def before_the_write(first, monkeypatch, meanwhile):
    replace_days = first.store.replace_days

    def held(table, *args, **options):
        if table is silver.ORDER_LINES:
            meanwhile()
        return replace_days(table, *args, **options)

    monkeypatch.setattr(first.store, "replace_days", held)


def after_the_commit(first, monkeypatch, meanwhile):
    require = commit_module._require_all_written

    def held(run, table, version, n_rows):
        if table is silver.ORDER_LINES and run.app is first:
            meanwhile()
        require(run, table, version, n_rows)

    monkeypatch.setattr(commit_module, "_require_all_written", held)


@pytest.mark.parametrize("hold", [before_the_write, after_the_commit])
def test_a_run_that_is_overtaken_around_its_commit_takes_nothing_of_the_other_away(
    spark, company, tmp_path, undisturbed, monkeypatch, hold
):
    wrong = overtaken(spark, company, tmp_path, undisturbed, hold=lambda first, meanwhile: hold(first, monkeypatch, meanwhile))
    assert wrong == []
