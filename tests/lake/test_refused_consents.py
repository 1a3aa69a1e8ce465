"""A refused consent from its file to the finding of an alert."""

import json
import re
from datetime import date

from lakes import looked_at, open_lake, run_days
from reclake.look.alerts import findings_of
from reclake.run.posting import Finding
from reclake.run.views import published
from reclake.tables import ops, silver

DAY, NEXT, LATER = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
NEXT_STEP = "each may be a withdrawal: reclake rejected shows why, once silver.rejected_records is built"
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
    of_day = "3 refused, 2 accounts named, 1 names no account that can be read"
    (report,) = [one for one in app.reporter.reports if one.table == silver.CONSENT_RECORDS.name]
    assert report.warnings == (f"consents of source demo were refused: {NEXT}: {of_day}; {NEXT_STEP}",)
    told = {
        day: [(one.subject, one.told) for one in findings_of(looked_at(app), day) if one.kind == "consents"]
        for day in (DAY, NEXT)
    }
    assert told == {DAY: [], NEXT: [(f"demo {NEXT}", f"{of_day}; {NEXT_STEP}")]}


def test_it_is_told_whatever_else_is_stopped_and_so_are_consents_that_were_not_taken_over(spark, tmp_path):
    """Clicks that nobody can read stop silver.event_records, and with it ops.reconciliation and ops.freshness."""
    landing = tmp_path / "landing"
    clicks, folder = landing / "demo" / "events" / "app", landing / "demo" / "consents" / "all"
    clicks.mkdir(parents=True)
    folder.mkdir(parents=True)
    for day in (DAY, NEXT):
        delivered(clicks, day, *(json.dumps({"no": f"{day}-{n}"}) for n in range(5)))
    delivered(folder, DAY, *(consent(n, f"u{n}") for n in range(12)), consent(20, "u0", granted="false"))
    delivered(folder, NEXT, *(consent(n, f"u{n}", granted="false") for n in range(30, 33)), consent(40, "u1"))
    app = open_lake(spark, tmp_path / "lake", source="demo", landing=landing)
    only = frozenset({silver.EVENT_RECORDS.name, silver.CONSENT_RECORDS.name, ops.RECONCILIATION.name, ops.FRESHNESS.name})

    stopped = run_days(app, DAY, only=only).keys() & only
    assert stopped == {silver.EVENT_RECORDS.name, ops.RECONCILIATION.name, ops.FRESHNESS.name}
    assert not {ops.RECONCILIATION.name, ops.FRESHNESS.name} & app.manifest.current().keys()
    found = {
        (one.kind, one.subject): one.told
        for one in findings_of(looked_at(app), DAY)
        if one.kind in ("gate", "consents", "freshness")
    }
    assert found.keys() == {("gate", silver.EVENT_RECORDS.name), ("consents", f"demo {DAY}")}
    assert found["consents", f"demo {DAY}"] == f"1 refused, 1 account named; {NEXT_STEP}"
    of_gate = found["gate", silver.EVENT_RECORDS.name]
    assert re.fullmatch(r"failed: 1 of \d+ expectations; more of a delivery was refused than its source allows", of_gate)

    assert run_days(app, NEXT, only=only).keys() & only == only
    told = [one for one in findings_of(looked_at(app), NEXT) if one.kind in ("gate", "consents", "freshness")]
    assert {one.subject for one in told if one.kind == "gate"} == {silver.CONSENT_RECORDS.name, silver.EVENT_RECORDS.name}
    assert [one for one in told if one.kind != "gate"] == [
        Finding(
            "consents",
            f"demo {NEXT}",
            "not taken over: silver.consent_records is stopped; each of 4 records may be a withdrawal",
        )
    ]
    refused = {
        day: {one.subject: one.told for one in findings_of(looked_at(app), day) if one.kind == "refused"} for day in (DAY, NEXT)
    }
    assert refused[NEXT].keys() == {f"demo {NEXT}"}
    assert "silver.consent_records is stopped: refused are 3 of 4 records (" in refused[NEXT][f"demo {NEXT}"]
    assert "silver.event_records is stopped: refused are 5 of 5 records (" in refused[NEXT][f"demo {NEXT}"]
    assert "as well" not in refused[NEXT][f"demo {NEXT}"]
    assert refused[DAY].keys() == {f"demo {NEXT}"}, "a delivery of the day after, with its own day"
    assert f"; this keeps {DAY} out as well" in refused[DAY][f"demo {NEXT}"]

    silent = [(one.kind, one.told) for one in findings_of(looked_at(app), LATER) if one.kind in ("consents", "freshness")]
    assert silent == [("freshness", "nothing was delivered")]
