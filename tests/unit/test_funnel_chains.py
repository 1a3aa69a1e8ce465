"""Chains of steps against the published tables, and against state machines that walk from every start."""

import random
from itertools import pairwise

import numpy as np
import pytest

from plain_funnels import Seen, reached, searched
from reclake.behaviour.funnels.chains import Lines, chains_of

MODES = ("ordered", "strict", "fixed", "dedup", "increase", "any")
SECOND = 1_000_000

# Events, steps, and the steps reached in a window of 60 s, mode by mode; None: the definition is refused.
TABLE = [
    ("A0 B10 C60", "ABC", 3, 3, 3, 3, 3, 3),
    ("A0 B10 C61", "ABC", 2, 2, 2, 2, 2, 2),
    ("B0 A10 C20", "ABC", 1, 1, 1, 1, 1, 3),
    ("B0 C10", "ABC", 0, 0, 0, 0, 0, 2),
    ("A0 A50 B70 C90", "ABC", 3, 3, 3, 3, 3, 3),
    ("A0 B30 A40 B95", "ABC", 2, 2, 2, 2, 2, 2),
    ("A0 X5 B10 C20", "ABC", 3, 1, 3, 3, 3, 3),
    ("A0 B10 B15 C20", "ABC", 3, 2, 2, 2, 3, 3),
    ("A0 B10 C20 B30 D40", "ABCD", 4, 3, 3, 3, 4, 4),
    ("A0 B10 D20 C30", "ABCD", 3, 2, 2, 3, 3, 4),
    ("A0 B0 C0", "ABC", 3, 3, 3, 3, 1, 3),
    ("B0 A0 C0", "ABC", 1, 1, 1, 1, 1, 3),
    ("A0 A10", "AA", 2, 2, 2, 2, 2, None),
    ("A0 B10 C20 E30 D40 E50", "ABCDE", 5, 3, 3, 5, 5, 5),
    ("A0 B10 C20 A30", "ABCD", 3, 3, 3, 3, 3, 3),  # ClickHouse PR 99003
    ("A0 B1 B2 C2", "ABC", 3, 2, 2, 2, 3, 3),  # Doris PR 68093
]


def read(text, steps):
    """Events as letters and seconds: A0 B10."""
    return [
        Seen(int(one[1:]), frozenset(n for n, letter in enumerate(steps) if letter == one[0]), one[0] == "X")
        for one in text.split()
    ]


def lines_of(histories):
    """The histories of several units as one block."""
    rows = [
        (group, event.at * SECOND, sum(1 << step for step in event.steps)) for group, of in enumerate(histories) for event in of
    ]
    group, moment, steps = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Lines(group, moment, steps)


def deepest(histories, mode, n_steps, window):
    """By unit, the most steps over all of its starts."""
    lines = lines_of(histories)
    chains = chains_of(lines, mode=mode, n_steps=n_steps, deadline=lines.moment + window * SECOND)
    depths = [0] * len(histories)
    for start, depth in zip(chains.starts, chains.depth, strict=True):
        unit = int(lines.group[start])
        depths[unit] = max(depths[unit], int(depth))
    return depths


@pytest.mark.parametrize("column", range(len(MODES)), ids=MODES)
def test_published_rows_are_met(column):
    mode = MODES[column]
    rows = [(read(text, steps), len(steps), depths[column]) for text, steps, *depths in TABLE if depths[column] is not None]
    assert len(rows) >= 15
    for events, n_steps, expected in rows:
        # Among other units: a chain never leaves its own.
        assert deepest([events, events, events], mode, n_steps, 60) == [expected] * 3, events


def random_history(draws, n_steps, *, n_most=14, overlapping=True):
    """Few moments, so that many events share one; now and then an event matches two steps or none."""
    at, events, step = 0, [], -1
    for _ in range(draws.randrange(n_most)):
        at += draws.choice([0, 0, 1, 2, 5, 9])
        step = (step + 1) % n_steps if draws.random() < 0.6 else draws.randrange(n_steps)
        steps = {step} if draws.random() < 0.85 else set()
        if overlapping and draws.random() < 0.2:
            steps.add(draws.randrange(n_steps))
        events.append(Seen(at, frozenset(steps), draws.random() < 0.1))
    return events


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n_steps", [2, 3, 5])
def test_random_histories_are_read_as_a_state_machine_reads_them(mode, n_steps):
    draws = random.Random(f"{mode}{n_steps}")
    histories = [random_history(draws, n_steps, overlapping=mode != "any") for _ in range(2000)]
    for window in (3, 30):
        expected = [len(reached(events, mode, n_steps, window) or ()) for events in histories]
        assert deepest(histories, mode, n_steps, window) == expected
    assert len(set(expected)) == n_steps + 1  # the draw holds every depth


@pytest.mark.parametrize("mode", ["ordered", "increase"])
def test_the_earliest_event_of_each_step_is_as_good_as_any_choice(mode):
    draws = random.Random(mode)
    histories = [random_history(draws, 3, n_most=10) for _ in range(500)]
    expected = [searched(events, 3, 12, rises=mode == "increase") for events in histories]
    assert deepest(histories, mode, 3, 12) == expected


@pytest.mark.parametrize("mode", MODES)
def test_a_wider_window_never_lowers_what_is_reached(mode):
    draws = random.Random(7)
    histories = [random_history(draws, 4, overlapping=mode != "any") for _ in range(300)]
    widths = [deepest(histories, mode, 4, window) for window in (1, 4, 12, 60)]
    for narrow, wide in pairwise(widths):
        assert all(one <= other for one, other in zip(narrow, wide, strict=True))


def test_a_block_without_events_has_no_chain():
    for mode in MODES:
        assert deepest([[], []], mode, 3, 60) == [0, 0]
