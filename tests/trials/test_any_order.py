"""Days in any order, and finished days again, end in the same rows as one pass (R-04)."""

from lakes import run_days
from reclake.run.views import published
from reclake.tables import silver
from trials.trial import Bag, build_by_appending, differences, plain_rows, snapshot


def one_pass(trial, table, days) -> Bag:
    """The same deliveries, taken in at once."""
    digests = {digest for digest, _ in trial.lines("resent")}
    of_days = [row for row in trial.rows(table) if row["file_digest"] in digests and row["delivery_day"] in days]
    return plain_rows(of_days, table)


def test_days_in_any_order_give_the_rows_of_one_pass(trial, shuffled):
    events = () if trial.is_small else (silver.EVENT_RECORDS, silver.EVENTS)
    for table in (silver.ORDER_RECORDS, silver.ORDER_LINES, *events):
        found, wanted = plain_rows(published(shuffled.app, table).collect(), table), one_pass(trial, table, shuffled.days)
        assert wanted
        assert differences(found, wanted) == []


def test_a_finished_day_again_changes_nothing(trial, shuffled):
    app = shuffled.app
    before = snapshot(app), app.manifest.last_id()
    for _ in range(1 if trial.is_small else 3):
        app.reporter.reports.clear()
        assert run_days(app, shuffled.days[0], only=shuffled.only) == {}
        assert {report.outcome for report in app.reporter.reports} <= {"up to date", "not fed", "not asked for"}
    assert (snapshot(app), app.manifest.last_id()) == before


def test_a_rerun_that_appends_is_told(trial, shuffled, tmp_path, monkeypatch):
    """The known-bad variant: a finished day written once more beside itself, on a copy of the lake."""
    app = shuffled.copied(tmp_path)
    build_by_appending(app, silver.ORDER_LINES, shuffled.days[0], monkeypatch)
    found = plain_rows(published(app, silver.ORDER_LINES).collect(), silver.ORDER_LINES)
    wanted = one_pass(trial, silver.ORDER_LINES, shuffled.days)
    (told,) = differences(found, wanted)
    again, at = found - wanted, [field.name for field in silver.ORDER_LINES.fields].index("event_date")
    days = {row[at] for row in again}
    assert again == Bag({row: n for row, n in wanted.items() if row[at] in days}), "a day of events is written again as a whole"
    assert told.startswith(f"{again.total()} too many")
