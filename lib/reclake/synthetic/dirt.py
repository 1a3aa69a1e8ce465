"""Dirt in known amounts. Bad lines are planted beside good ones and never replace them: the clean company is in the dirty one.

Only two kinds touch the good record itself, and both leave it to be kept: it arrives out of order, or late inside the limit.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .calendar import DAY, HOUR, SECOND
from .draws import Draws, cumulated, digest
from .facts import World
from .record import Body, Line, Record, line, written
from .settings import DirtSettings

_YEARS = 3652 * DAY
_YEAR_2099 = 4_070_908_800 * SECOND

KINDS = (
    "resent_same_day", "resent_next_day", "broken", "missing_field", "bad_number", "clash_same_day", "clash_other_day",
    "out_of_order", "late_within", "late_beyond", "wrong_clock",
)  # fmt: skip
_OF_DATED = frozenset(KINDS[7:])  # records without an event day cannot be late


class _Bad(NamedTuple):
    """A line to plant."""

    kind: str
    expected: str
    payload: bytes
    received: int


def limits(shares: DirtSettings) -> tuple[float, ...]:
    """Cumulated shares of the kinds, to find a record's kind by one uniform number."""
    return cumulated([getattr(shares, f"{kind}_share") for kind in KINDS])


def lines(world: World, record: Record, slot: int, dirt_limits: tuple[float, ...]) -> Iterator[Line]:
    """The record's line, with what is planted beside it."""
    seed, shape = world.settings.seed, record.shape
    uniform = int(digest(seed, "dirt", shape.feed, record.name, size=6), 16) / 2**48
    place = bisect_right(dirt_limits, uniform)
    kind = KINDS[place] if place < len(KINDS) else None
    if kind is None or not _fits(record, kind):
        yield line(
            world,
            record,
            written(world, shape, record.body, record.received),
            record.received,
            0,
            kind=None,
            expected="kept",
            slot=slot,
        )
        return
    draws = Draws(seed, "dirt", shape.feed, record.name)
    moved = kind in ("out_of_order", "late_within")
    received = _moved(world, record, kind, draws) if moved else record.received
    payload = written(world, shape, record.body, received)
    yield line(world, record, payload, received, 0, kind=kind if moved else None, expected="kept", slot=slot)
    if not moved:
        bad = _PLANTERS[kind](world, record, draws)
        yield line(world, record, bad.payload, bad.received, 1, kind=bad.kind, expected=bad.expected, slot=slot)


def _fits(record: Record, kind: str) -> bool:
    if kind in _OF_DATED:
        return bool(record.shape.time_field)
    if kind.startswith("clash"):
        return record.shape.altered is not None and (kind == "clash_same_day" or bool(record.shape.time_field))
    return kind != "bad_number" or bool(record.shape.bad_numbers)


def _moved(world: World, record: Record, kind: str, draws: Draws) -> int:
    if kind == "out_of_order":
        return record.received + draws.below(7 * HOUR) + HOUR
    days = 1 + draws.below(world.settings.dirt.late_limit_days)
    # In the small hours it is still the day before in zones to the west: stay inside the limit there, too.
    is_early = int(world.calendar.hour(record.at)[-2:]) < 12
    return record.received + max(days - is_early, 1) * DAY


def _resent(kind: str, world: World, record: Record, draws: Draws) -> _Bad:
    received = record.received + SECOND + draws.below(90 * SECOND) + (DAY if kind == "resent_next_day" else 0)
    return _Bad(kind, "duplicate", written(world, record.shape, record.body, received), received)


def _clash(kind: str, world: World, record: Record, draws: Draws) -> _Bad:
    shape = record.shape
    assert shape.altered is not None  # noqa: S101  (_fits)
    body = shape.altered(record.body)
    if kind == "clash_other_day":
        body = body | {shape.time_field: shape.written_time(world.calendar, record.at - DAY)}
    received = record.received + SECOND + draws.below(90 * SECOND)
    return _Bad(kind, shape.altered_is, written(world, shape, body, received), received)


def _late_beyond(world: World, record: Record, draws: Draws) -> _Bad:
    received = record.received + (world.settings.dirt.late_limit_days + 1 + draws.below(5)) * DAY
    return _Bad("late_beyond", "late", written(world, record.shape, _another(record), received), received)


def _wrong_clock(world: World, record: Record, draws: Draws) -> _Bad:
    name, at, expected = draws.one_of((
        ("ten_years_ahead", record.at + _YEARS, "rejected"),
        ("year_2099", _YEAR_2099 + draws.below(300 * DAY), "rejected"),
        # Ten years back cannot be told from a very late record: the late limit stops both.
        ("ten_years_back", record.at - _YEARS, "late"),
        ("year_1970", DAY + draws.below(DAY), "rejected"),
    ))
    body = _another(record) | {record.shape.time_field: record.shape.written_time(world.calendar, at)}
    return _Bad(f"clock_{name}", expected, written(world, record.shape, body, record.received), record.received)


def _missing_field(world: World, record: Record, draws: Draws) -> _Bad:
    missing = draws.one_of(record.shape.required)
    body = {name: value for name, value in _another(record).items() if name != missing}
    return _Bad(f"missing_{missing}", "rejected", written(world, record.shape, body, record.received), record.received)


def _bad_number(world: World, record: Record, draws: Draws) -> _Bad:
    kind, value = draws.one_of(tuple((record.shape.bad_numbers or {}).items()))
    body = _another(record) | {record.shape.number_field: value}
    return _Bad(f"number_{kind}", "rejected", written(world, record.shape, body, record.received), record.received)


def _broken(world: World, record: Record, draws: Draws) -> _Bad:
    payload = written(world, record.shape, _another(record), record.received)
    kind, broken = _broken_json(record, payload, draws) if record.shape.is_json else _broken_csv(payload, draws)
    return _Bad(f"broken_{kind}", "rejected", broken, record.received)


def _broken_csv(payload: bytes, draws: Draws) -> tuple[str, bytes]:
    if draws.chance(0.5):
        return "cut", payload[: len(payload) // 4]
    return "utf8", payload.replace(b",", b"\xff\xfe,", 1)


def _broken_json(record: Record, payload: bytes, draws: Draws) -> tuple[str, bytes]:
    first = next(iter(record.body))
    body = payload[:-1]
    forms: tuple[tuple[str, bytes], ...] = (
        ("cut", payload[: len(payload) * 3 // 5]),
        ("nan", body + b',"score":NaN}'),
        ("twice", body + f',{json.dumps(first)}:"again"}}'.encode()),
        ("tail", payload + b' {"more":true}'),
        ("quotes", payload.replace(b'"', b"'")),
        ("utf8", payload.replace(b'":"', b'":"\xff\xfe', 1)),
        ("empty", b""),
    )
    if record.shape.number_field:
        forms += (("huge", body + f",{json.dumps(record.shape.number_field)}:1e400}}".encode()),)
    return draws.one_of(forms)


def _another(record: Record) -> Body:
    """The record under an id of its own, so that nothing is wrong with it but what is planted."""
    shape = record.shape
    return record.body | ({shape.id_field: f"X{digest(record.name, size=8)}"} if shape.id_field else {})


_Planter = Callable[[World, Record, Draws], _Bad]


def _of_kind(planter: Callable[[str, World, Record, Draws], _Bad], kind: str) -> _Planter:
    return lambda world, record, draws: planter(kind, world, record, draws)


_PLANTERS: dict[str, _Planter] = {
    "resent_same_day": _of_kind(_resent, "resent_same_day"),
    "resent_next_day": _of_kind(_resent, "resent_next_day"),
    "clash_same_day": _of_kind(_clash, "clash_same_day"),
    "clash_other_day": _of_kind(_clash, "clash_other_day"),
    "late_beyond": _late_beyond,
    "wrong_clock": _wrong_clock,
    "missing_field": _missing_field,
    "bad_number": _bad_number,
    "broken": _broken,
}
