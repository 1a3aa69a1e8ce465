"""How a run ends in which tables were stopped."""

import pytest

from reclake.errors import BuildBroken, GateFailed, StageStopped, TooMuchRejected
from reclake.run.stops import require_nothing_stopped
from reclake.run.waits import STALE, STOPPED, NotBuilt, Root

GATE = GateFailed(
    "silver.events 2026-03-01: 1 of 14 expectations failed", "started_at is not null: 31 rows", "correct the source"
)
WAITS = NotBuilt(
    "silver.sessions is not built",
    "waits for silver.events, which was stopped",
    "mend what stopped silver.events, then run again",
    root=Root("silver.events", STOPPED),
)
STALE_INPUT = NotBuilt(
    "gold.customer_segments is not built",
    "waits for silver.accounts, which is to be built again",
    "run stage silver first: reclake run --stage silver",
    root=Root("silver.accounts", STALE),
)


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
    assert lines[2] == "  next:  silver.events: correct the source; silver.order_records: mend the source"
    assert code == 4


def test_many_different_hints_give_way_to_the_table_that_holds_them_all():
    causes = {f"silver.t{n}": GateFailed("", "31 rows", f"correct source {n}") for n in range(4)}
    lines, _ = ended(causes)
    assert lines[2].startswith("  next:  reclake show ops.gate_results")
    lines, _ = ended({name: GateFailed("", "31 rows", "correct the source") for name in causes})
    assert lines[2] == "  next:  correct the source"


def test_a_fault_goes_before_every_verdict():
    broken = BuildBroken("silver.products broke off", "ArithmeticException", "mend the builder")
    assert ended({"silver.events": GATE, "silver.products": broken})[1] == 1


def test_a_table_that_waits_for_an_earlier_run_is_named_itself_and_was_not_stopped():
    lines, code = ended({"silver.sessions": WAITS})
    assert (lines[0], code) == ("silver.sessions is not built", 3)
    assert lines[1:] == [
        "  found: silver.sessions: waits for silver.events, which was stopped",
        "  next:  mend what stopped silver.events, then run again",
    ]


def test_nothing_is_called_stopped_that_nothing_stopped():
    lines, code = ended({f"gold.t{n}": STALE_INPUT for n in range(5)})
    assert (lines[0], code) == ("5 tables are not built", 3)
    assert lines[1].endswith("gold.t2: waits for silver.accounts, which is to be built again; and 2 more")
    assert lines[2] == "  next:  run stage silver first: reclake run --stage silver"
    assert "stopped" not in "".join(lines)
    lines, _ = ended({"gold.segment_bins": GATE, "gold.customer_segments": STALE_INPUT})
    assert lines[1].endswith("; 1 more table waits for others, as their messages say")
