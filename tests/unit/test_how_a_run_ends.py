"""How a run ends in which tables were stopped."""

import pytest

from reclake.errors import BuildBroken, GateFailed, StageStopped, TooMuchRejected
from reclake.run.stops import require_nothing_stopped

GATE = GateFailed(
    "silver.events 2026-03-01: 1 of 14 expectations failed", "started_at is not null: 31 rows", "correct the source"
)
WAITS = StageStopped("silver.sessions is not built", "it reads silver.events", "mend what stopped these, then run again")


def ended(stopped):
    with pytest.raises(StageStopped) as end:
        require_nothing_stopped(stopped)
    return str(end.value).splitlines(), end.value.exit_code


def test_nothing_stopped_ends_well():
    require_nothing_stopped({})


def test_one_cause_is_named_once_with_the_hint_that_fits_and_what_waits_is_counted():
    assert ended({"silver.events": GATE, "silver.sessions": WAITS, "gold.customer_segments": WAITS}) == (
        [
            "silver.events is stopped",
            "  found: silver.events: started_at is not null: 31 rows; 2 more tables wait for what is stopped",
            "  next:  correct the source",
        ],
        3,
    )
    lines, _ = ended({"silver.events": GATE, "silver.sessions": WAITS})
    assert lines[1].endswith("; 1 more table waits for what is stopped")


def test_several_causes_are_named_each():
    refused = TooMuchRejected("too much of silver.order_records was refused", "3 of 5 records", "mend the source")
    lines, code = ended({"silver.events": GATE, "silver.order_records": refused, "silver.sessions": WAITS})
    assert lines[0] == "2 tables are stopped"
    assert "silver.events: started_at is not null: 31 rows; silver.order_records: 3 of 5 records; 1 more" in lines[1]
    assert lines[2].startswith("  next:  reclake show ops.gate_results")
    assert code == 4


def test_a_fault_goes_before_every_verdict():
    broken = BuildBroken("silver.products broke off", "ArithmeticException", "mend the builder")
    assert ended({"silver.events": GATE, "silver.products": broken})[1] == 1


def test_tables_that_wait_for_an_earlier_run_are_named_themselves():
    lines, code = ended({"silver.sessions": WAITS})
    assert (lines[0], code) == ("silver.sessions is stopped", 3)
    assert lines[1:] == ["  found: silver.sessions: it reads silver.events", "  next:  mend what stopped these, then run again"]
