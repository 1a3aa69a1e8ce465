"""Files that wait: each says since when."""

from datetime import UTC, datetime, timedelta

import pytest

from reclake.sources.found import FoundFile, OfferedFile, Waiting
from reclake.sources.landing import why_unread
from reclake.sources.sorting import sorted_out
from sources_of_records import EVENT_COLUMNS, feed, source

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "events/2026-03-01.json_lines"


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=45), "changed in the last 7200 seconds, 45 s ago"),
        (timedelta(minutes=90), "changed in the last 7200 seconds, 90 min ago"),
        (timedelta(hours=2), None),
    ],
)
def test_a_file_that_is_not_yet_stable_says_when_it_changed(age, told):
    shop = source(events=feed("events", EVENT_COLUMNS))
    shop = shop.model_copy(update={"completion": shop.completion.model_copy(update={"marker": "stable", "stable_seconds": 7200})})
    offered, waiting = sorted_out(shop, [FoundFile(f"file:///l/{NAME}", NAME, 9, NOW - age)], now=NOW)
    assert [(each.reason, each.age_seconds) for each in waiting] == ([] if told is None else [(told, age.total_seconds())])
    assert len(offered) == (told is None)


def test_a_file_that_changed_while_it_was_read_is_as_young_as_the_run(tmp_path):
    path = tmp_path / "x.json_lines"
    path.write_bytes(b"{}\n")
    at = datetime.fromtimestamp(path.stat().st_mtime_ns // 1_000_000 / 1000, UTC)

    def told(n_bytes):
        return why_unread(None, OfferedFile(f"file:{path}", NAME, n_bytes, at, "events", NOW.date()))

    assert told(2) == Waiting(NAME, "changed while it was read, after this run began", "waiting", 0)
    assert told(3) == Waiting(NAME, "cannot be read: no permission, or a wrong checksum", "refused")
    path.unlink()
    assert told(3) == Waiting(NAME, "vanished before it was read")
