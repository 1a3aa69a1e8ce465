"""A refused consent from its file to the finding of an alert."""

import json
from datetime import date

from lakes import open_lake, run_days
from reclake.run.alerts import findings_of
from reclake.run.views import published
from reclake.tables import ops, silver

DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)
ONLY = frozenset({silver.CONSENT_RECORDS.name, silver.CONSENTS.name, silver.ACCOUNTS.name, ops.RECONCILIATION.name})


def consent(number, account, *, granted=True, purpose="personalisation", at="2026-01-01T09:00:00+08:00"):
    told = {"consent_no": f"s{number}", "account_no": account, "channel": "app", "purpose": purpose, "granted": granted}
    return json.dumps(told | {"decided_at": at})


def delivered(folder, day, *lines):
    (folder / f"{day}.jsonl").write_text("".join(f"{line}\n" for line in lines))


def test_it_is_told_by_the_run_and_the_alert_of_its_day_and_nobody_stays_granted(spark, tmp_path):
    landing = tmp_path / "landing"
    folder = landing / "demo" / "consents" / "all"
    folder.mkdir(parents=True)
    delivered(folder, DAY, *(consent(n, f"u{n}") for n in range(12)))
    withdrawn = [
        consent(20, "u0", granted="false", at="2026-01-02T09:00:00+08:00"),
        consent(1, "u1", granted=False, at="2026-01-02T09:00:00+08:00"),
        # Of an account that nothing else is known of.
        consent(22, "u99", at="yesterday"),
    ]
    unreadable = [consent(23, "u2", granted=False)[:-5], ""]
    again = [consent(n, f"u{n}", at="2026-01-02T10:00:00+08:00") for n in range(30, 50)]
    delivered(folder, NEXT, *withdrawn, *unreadable, *again)
    app = open_lake(spark, tmp_path / "lake", source="demo", landing=landing)
    assert run_days(app, DAY, NEXT, only=ONLY) == {}
    granted = published(app, silver.CONSENTS).where("is_granted AND valid_to IS NULL")
    assert granted.count() == 10 + 20
    assert published(app, silver.CONSENTS).where("is_suspended").select("account_id").distinct().count() == 2
    assert published(app, silver.ACCOUNTS).count() == 12 + 20
    of_day = "3 refused, grants of 2 accounts suspended, 1 names no account that can be read"
    (report,) = [one for one in app.reporter.reports if one.table == silver.CONSENT_RECORDS.name]
    assert report.warnings == (f"every consent of source demo can be read: {NEXT}: {of_day}",)
    told = {day: [(one.subject, one.told) for one in findings_of(app, day) if one.kind == "consents"] for day in (DAY, NEXT)}
    assert told == {DAY: [], NEXT: [(f"demo {NEXT}", of_day)]}
