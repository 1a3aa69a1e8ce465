"""Times as sources write them: read exactly, or refused with the fault that it is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reclake.sources.time_faults import NOT_A_TIME
from reclake.sources.times import moment, time_format_problem, time_reader

START = datetime(1970, 1, 1, tzinfo=UTC)
TILL = "yyyy-MM-dd HH:mm:ss"


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def read(text, pattern="iso", zone="Europe/Berlin"):
    """The time in UTC, or the fault without its beginning."""
    found = time_reader(pattern, zone)(text)
    assert found == time_reader(pattern, zone)(text)  # once more, from memory
    return found.removeprefix(f"{NOT_A_TIME}: ") if isinstance(found, str) else START + timedelta(microseconds=found)


TEN = utc(2026, 2, 1, 10)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-02-01T10:00:00Z", TEN),
        ("2026-02-01t10:00:00z", TEN),
        ("2026-02-01T10:00Z", TEN),
        ("2026-02-01 10:00:00 UTC", TEN),
        ("2026-02-01T15:30:00+0530", TEN),
        ("2026-02-01T12:00:00+02", TEN),
        ("2026-02-01T06:30:00-03:30", TEN),
        ("2026-02-01 11:00", TEN),
        ("2026-02-01T10:00:00.1Z", TEN.replace(microsecond=100_000)),
        ("2026-02-01T10:00:00,123Z", TEN.replace(microsecond=123_000)),
        ("2026-02-01T10:00:00.1234567Z", TEN.replace(microsecond=123_456)),
        ("2026-02-01T10:00:00.999999999Z", TEN.replace(microsecond=999_999)),
        ("2024-02-29T00:00:00Z", utc(2024, 2, 29)),
    ],
)
def test_iso_times_of_all_languages(text, at):
    assert read(text) == at


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2026-02-01T24:00:00Z", "its hour is 24"),
        ("2026-02-01T23:59:60Z", "its second is 60"),
        ("2026-02-01", "it is a day without a time of day"),
        ("01.02.2026 10:00:00", "its year, month and day stand in another order than in ISO 8601"),
        ("26-02-01 10:00:00", "its year has two digits"),
        ("0000-00-00 00:00:00", "its month or day does not exist"),
        ("2026-02-30T10:00:00Z", "its month or day does not exist"),
        ("2025-03-30T02:30:00", "the clocks of Europe/Berlin skip it"),
        ("46054.4166", "it is a number, as epochs and spreadsheets count times"),
        ("1769940000", "it is a number, as epochs and spreadsheets count times"),
        ("2026-2-1 9:05:00", "it is not written as ISO 8601"),
        ("2026-02-01T10:61:00Z", "its hour, minute or second does not exist"),
        ("2026-02-01T10:00:00+19:00", "it is not written as ISO 8601"),
        ("2026-02-01T10:00:00+18:30", NOT_A_TIME),
        ("2026-02-01T10:00:00Z\n", "it is not written as ISO 8601"),
        ("soon", NOT_A_TIME),
        ("", NOT_A_TIME),
    ],
)
def test_a_fault_of_an_iso_time_is_named(text, fault):
    assert read(text) == fault


@pytest.mark.parametrize(
    ("text", "pattern", "fault"),
    [
        ("2026-02-01 24:00:00", TILL, "its hour is 24"),
        ("2026-02-01 9:05:00", TILL, f"it is not written as {TILL}"),
        ("2026-02-01 10:00:00Z", TILL, f"it is not written as {TILL}"),
        ("02/13/2026 10:00", "dd/MM/yyyy HH:mm", "its day and month stand in another order than in dd/MM/yyyy HH:mm"),
        ("2026-02-01 10:00", "dd/MM/yyyy HH:mm", "its year, month and day stand in another order than in dd/MM/yyyy HH:mm"),
        ("31.02.2026 10:00", "dd.MM.yyyy HH:mm", "its month or day does not exist"),
        ("20260201", "yyyyMMddHHmmss", "it is not written as yyyyMMddHHmmss"),
        ("20260201240000", "yyyyMMddHHmmss", "its hour is 24"),
        ("2026020124", "yyyyMMddHH", "its hour is 24"),
        ("20260201235960", "yyyyMMddHHmmss", "its second is 60"),
        ("20260230100000", "yyyyMMddHHmmss", "its month or day does not exist"),
        ("31022026", "ddMMyyyy", "its month or day does not exist"),
        ("2026年02月30日 9:05", "yyyy年MM月dd日 H:mm", "its month or day does not exist"),
        ("2026年02月01日 24:05", "yyyy年MM月dd日 H:mm", "its hour is 24"),
        ("2026年02月30日9:05", "yyyy年MM月dd日H:mm", "its month or day does not exist"),
        ("2026年02月30日", "yyyy年MM月dd日", "its month or day does not exist"),
        ("2026年02月30日 9:05", "iso", "its month or day does not exist"),
        ("2026年02月03日 9:05", "iso", "it is not written as ISO 8601"),
        ("2/30/2026 9:05\u202fAM", "M/d/yyyy h:mm a", "its month or day does not exist"),
        ("1769940000000", "epoch_seconds", "it counts milliseconds, not seconds"),
        ("1769940000000000000", "epoch_millis", "it counts nanoseconds, not milliseconds"),
        ("2026-02-01T10:00:00Z", "epoch_millis", "it is written out, where milliseconds belong"),
        ("1.5", "epoch_millis", "it has a fraction, where whole milliseconds belong"),
        ("1769940000123.01", "epoch_millis", "it has a fraction, where whole milliseconds belong"),
        ("1e9", "epoch_seconds", NOT_A_TIME),
        ("-5", "epoch_seconds", "it is negative, so before 1970"),
        ("-5.0", "epoch_millis", "it is negative, so before 1970"),
    ],
)
def test_a_fault_of_another_format_is_named(text, pattern, fault):
    assert read(text, pattern) == fault


@pytest.mark.parametrize(
    ("text", "pattern", "at"),
    [
        ("1.2.2026 9:05", "d.M.yyyy H:mm", utc(2026, 2, 1, 8, 5)),
        ("01.12.2026 19:05", "d.M.yyyy H:mm", utc(2026, 12, 1, 18, 5)),
        ("2/1/2026 12:30:05 am", "M/d/yyyy h:mm:ss a", utc(2026, 1, 31, 23, 30, 5)),
        ("2/1/2026 12:30:05 PM", "M/d/yyyy h:mm:ss a", utc(2026, 2, 1, 11, 30, 5)),
        ("2026-02-01 11:00:00.123456789", "yyyy-MM-dd HH:mm:ss.SSSSSSSSS", TEN.replace(microsecond=123_456)),
        ("2026-02-01T11:00:00.250+01:00", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", TEN.replace(microsecond=250_000)),
        ("2026-02-01", "yyyy-MM-dd", utc(2026, 1, 31, 23)),
        ("1700000000.5", "epoch_seconds", utc(2023, 11, 14, 22, 13, 20, 500_000)),
        ("1700000000123", "epoch_millis", utc(2023, 11, 14, 22, 13, 20, 123_000)),
        ("1700000000123.0", "epoch_millis", utc(2023, 11, 14, 22, 13, 20, 123_000)),
        ("1700000000123456.000", "epoch_micros", utc(2023, 11, 14, 22, 13, 20, 123_456)),
        ("1700000000123456789.0", "epoch_nanos", utc(2023, 11, 14, 22, 13, 20, 123_456)),
        ("2/1/2026 12:30:05\u202fPM", "M/d/yyyy h:mm:ss a", utc(2026, 2, 1, 11, 30, 5)),
        ("2/1/2026 12:30\u00a0PM", "M/d/yyyy h:mm a", utc(2026, 2, 1, 11, 30)),
        ("2026年02月28日 9:05", "yyyy年MM月dd日 H:mm", utc(2026, 2, 28, 8, 5)),
        ("1700000000123456", "epoch_micros", utc(2023, 11, 14, 22, 13, 20, 123_456)),
        ("1700000000123456789", "epoch_nanos", utc(2023, 11, 14, 22, 13, 20, 123_456)),
    ],
)
def test_patterns_and_epochs(text, pattern, at):
    assert read(text, pattern) == at


@pytest.mark.parametrize(
    "pattern", ["HH:mm", "yy-MM-dd", "yyyy-MM-dd MM", "yyyy-MM-dd hh:mm", "yyyy-MM-dd HH:mm a", "yyyy-MMM-dd"]
)
def test_a_pattern_that_names_no_one_time_is_refused(pattern):
    assert time_format_problem(pattern) is not None


ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia", "UTC")


def told_by_zoneinfo(local, zone):
    at = local.replace(tzinfo=ZoneInfo(zone))
    instant = at.astimezone(UTC)
    return instant if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local else None


def test_every_half_hour_around_the_changes_of_clocks_agrees_with_zoneinfo():
    starts = [datetime(2026, month, day) for month, day in ((3, 6), (3, 27), (4, 3), (10, 2), (10, 23), (10, 30))]
    local = [start + timedelta(minutes=30 * n + 1) for start in (*starts, datetime(1972, 1, 6)) for n in range(48 * 4)]
    skipped = 0
    for zone in ZONES:
        for at in local:
            expected = told_by_zoneinfo(at, zone)
            found = [moment(f"{at:%Y-%m-%d %H:%M:%S}", pattern, ZoneInfo(zone)) for pattern in ("iso", TILL)]
            assert found == [expected, expected], (zone, at)
            skipped += expected is None
    assert skipped == 2 + 2 + 1 + 2  # Lord Howe shifts by thirty minutes; the clocks of Monrovia once went from 0:00 to 0:44:30


@given(
    at=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2099, 1, 1)),
    zone=st.sampled_from(ZONES),
    digits=st.integers(0, 9),
    form=st.sampled_from(["iso", "T", TILL, "d/M/yyyy h:m:s a"]),
    offset=st.none() | st.integers(-18 * 60, 18 * 60),
)
@example(at=datetime(1972, 1, 7, 0, 44, 29), zone="Africa/Monrovia", digits=0, form=TILL, offset=None)
@example(at=datetime(1972, 1, 7, 0, 44, 31), zone="Africa/Monrovia", digits=0, form=TILL, offset=None)
def test_what_is_written_is_read_as_python_reads_it(at, zone, digits, form, offset):
    if form in (TILL, "d/M/yyyy h:m:s a"):
        local = at.replace(microsecond=0)
        text = f"{at:%Y-%m-%d %H:%M:%S}" if form == TILL else f"{at.day}/{at.month}/{at.year} {at:%I:%M:%S %p}"
        expected, pattern = told_by_zoneinfo(local, zone), form
    else:
        fraction = f"{at.microsecond:06d}789"[:digits]
        local = at.replace(microsecond=int(fraction[:6].ljust(6, "0")))
        text = f"{at:%Y-%m-%d}{'T' if form == 'T' else ' '}{at:%H:%M:%S}" + (f".{fraction}" if fraction else "")
        expected, pattern = told_by_zoneinfo(local, zone), "iso"
        if offset is not None:
            text += f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
            expected = (local - timedelta(minutes=offset)).replace(tzinfo=UTC)
    assert moment(text, pattern, ZoneInfo(zone)) == expected


@given(text=st.text(max_size=30) | st.from_regex(r"[0-9T:.,+Z -]{0,30}", fullmatch=True))
def test_no_text_stops_the_reader(text):
    for pattern in ("iso", TILL, "M/d/yyyy h:mm a", "epoch_seconds", "epoch_nanos", "yyyyMMdd"):
        found = time_reader(pattern, "Europe/Berlin")(text)
        assert isinstance(found, int) or found.startswith(NOT_A_TIME)
        assert moment(text, pattern, ZoneInfo("Europe/Berlin")) is None or isinstance(found, int)
