"""One run at a time writes a day; whoever is late is fenced off."""

import socket
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from reclake.errors import Overtaken
from reclake.lake import claims as claims_module
from reclake.lake.claims import Claims
from reclake.lake.store import Store
from reclake.tables import ops

START = datetime(2026, 3, 1, 12)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def claims(spark, tmp_path, clock):
    return Claims(Store(spark, str(tmp_path / "lake"), keep_days=90), clock, minutes=60, wait_seconds=0)


def test_overlap_is_refused_other_days_go_on_and_release_frees(claims):
    first = claims.take("r1", {"silver.events": ("2026-01-01", "2026-01-02")})
    with pytest.raises(Overtaken, match=r"(?s)r1.*silver\.events"):
        claims.take("r2", {"silver.events": ("2026-01-02",)})
    second = claims.take("r2", {"silver.events": ("2026-01-03",), "silver.sessions": ("2026-01-01",)})
    with pytest.raises(Overtaken):
        claims.take("r3", {"silver.sessions": ("*",)})
    claims.release(first)
    third = claims.take("r3", {"silver.events": ("2026-01-01",)})
    assert [first.token, second.token, third.token] == [1, 2, 3]


def test_an_expired_claim_is_taken_over_and_its_holder_finds_out(claims, clock):
    late = claims.take("r1", {"silver.accounts": ("whole",)})
    claims.require_held(late)
    clock.now += timedelta(minutes=61)
    claims.take("r2", {"silver.accounts": ("whole",)})
    with pytest.raises(Overtaken, match="overtaken"):
        Claims.require_held(_with_old_view(claims), late)


def test_a_run_that_is_at_work_renews_its_claim_between_tables(claims, clock):
    held = claims.take("r1", {"silver.events": ("*",)})
    for minutes in (29, 31, 59):  # each time a table is committed; only the first finds more than half left
        clock.now = clock.now + timedelta(minutes=minutes)
        claims.require_held(held)
    clock.now += timedelta(minutes=59)
    with pytest.raises(Overtaken, match="r1"):
        _with_old_view(claims).take("r2", {"silver.events": ("*",)})
    clock.now += timedelta(minutes=2)
    assert _with_old_view(claims).take("r2", {"silver.events": ("*",)}).token == 2
    with pytest.raises(Overtaken, match="overtaken"):
        claims.require_held(held)
    claims.release(held)
    assert claims._store.read_newest(ops.CLAIMS).where("action = 'renewed'").count() == 2


def test_a_renewed_claim_is_free_once_it_is_released(claims, clock):
    held = claims.take("r1", {"silver.events": ("*",)})
    clock.now += timedelta(minutes=40)
    claims.require_held(held)
    claims.release(held)
    assert _with_old_view(claims).take("r2", {"silver.events": ("*",)}).token == 2


def test_the_claim_of_a_dead_process_is_taken_over_at_once(claims, monkeypatch):
    claims.take("r1", {"silver.events": ("*",)})
    monkeypatch.setattr(claims_module, "_is_dead", lambda holder: True)
    assert claims.take("r1", {"silver.events": ("*",)}).token == 2


def test_only_a_process_of_this_host_is_known_to_have_ended():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    assert claims_module._is_dead(f"{here}:{ended.pid}")
    assert not claims_module._is_dead(claims_module.this_holder())
    assert not claims_module._is_dead(f"not-{here}:{ended.pid}")


def test_a_claim_taken_and_released_by_another_process_overtakes_as_well(claims, clock):
    late = claims.take("r1", {"silver.accounts": ("whole",)})
    clock.now += timedelta(minutes=61)
    other = _with_old_view(claims)
    other.release(other.take("r2", {"silver.accounts": ("whole",)}))
    with pytest.raises(Overtaken, match="overtaken"):
        claims.require_held(late)
    assert claims.take("r3", {"silver.accounts": ("whole",)}).token == 3


def test_a_clock_that_went_back_neither_blocks_after_a_release_nor_opens_a_claim_in_force(claims, clock):
    ended = claims.take("r1", {"silver.events": ("2026-01-01",)})
    claims.release(ended)
    clock.now = START - timedelta(hours=1)
    back = claims.take("r2", {"silver.events": ("2026-01-01",)})
    assert back.token == 2
    clock.now = START - timedelta(minutes=1)
    with pytest.raises(Overtaken):
        claims.take("r3", {"silver.events": ("*",)})
    # For a driver with the right clock it has expired: taken over early, and its holder finds out.
    clock.now = START
    assert claims.take("r4", {"silver.events": ("*",)}).token == 3
    clock.now = START - timedelta(hours=1)
    with pytest.raises(Overtaken, match="overtaken"):
        claims.require_held(back)


def _with_old_view(claims):
    """As the late driver sees it: it last looked before the other's claim."""
    return Claims(claims._store, claims._clock, minutes=60, wait_seconds=0)
