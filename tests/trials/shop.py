"""What happened in a small shop, how it was delivered, and what must become of every line: the trials' own count.

Each scenario delivers the same facts in its own way, under names of its own: `late.e7` is event e7 of the scenario late.
So one lake holds them all, and two scenarios are compared by leaving the first part of each name away.
"""

import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from reclake.records import classify, raw_json

FIRST = date(2026, 3, 28)  # the clocks of the source's zone skip an hour on the 29th
N_DAYS = 3
LATE_LIMIT_DAYS = REPEAT_DAYS = 3
ZONE = ZoneInfo("Europe/Berlin")
KINDS = ("view_item", "view_item", "view_item", "search", "add_to_cart", "purchase")


@dataclass(frozen=True)
class Size:
    """How much happens, and which shares of it are disturbed."""

    n_events: int
    n_lines: int
    n_poison: int  # lines of each kind of poison
    n_large: int  # lines with a large string
    large_bytes: int
    n_cuts: int  # files of each kind of partial upload
    n_kills: int = 5  # of each job, at random moments
    n_rounds: int = 1  # of kills at each named moment
    n_writers: int = 4
    n_commits: int = 50  # of each of several writers
    n_pairs: int = 1  # of runs for the same day, of each of three kinds
    n_days: int = 4  # of the demo company, in any order
    polled_seconds: int = 60  # while a gate fails
    n_backfilled_days: int = 3
    resent_share: float = 0.10
    clash_share: float = 0.02
    late_share: float = 0.05
    skewed_share: float = 0.10


SMALL = Size(n_events=100, n_lines=40, n_poison=1, n_large=1, large_bytes=1_100_000, n_cuts=1)
CI = Size(n_events=1000, n_lines=300, n_poison=10, n_large=3, large_bytes=25_000_000, n_cuts=1)
NIGHTLY = replace(
    CI, n_events=20_000, n_lines=5000, n_poison=200, n_cuts=121, n_kills=50, n_rounds=10, n_writers=8, n_commits=500, n_pairs=7,
    n_days=30, polled_seconds=600, n_backfilled_days=7, resent_share=0.5, clash_share=0.1, late_share=0.2, skewed_share=0.3,
)  # fmt: skip


class Fact(NamedTuple):
    """One thing that happened."""

    noun: str  # events or orders
    name: str  # e7, or o7 for line 1 of that order
    at: datetime
    fields: dict[str, Any]  # as they are delivered, but for name and time


class Line(NamedTuple):
    """One delivered line, and what must become of it."""

    scenario: str
    noun: str
    day: date
    raw: bytes
    fact: Fact | None  # None: there is nothing behind it
    expected: str = "kept"
    reason: str | None = None  # several stand with "; " between
    kind: str = ""


@dataclass
class Drop:
    """The files of a landing folder, and the fate of each record in them by pointer."""

    files: dict[str, bytes] = field(default_factory=dict)
    told: dict[tuple[str, int], Line] = field(default_factory=dict)  # (file digest, position) → line
    refused: dict[str, str] = field(default_factory=dict)  # file → part of the reason

    def add(self, name: str, content: bytes, lines: Iterable[Line]) -> None:
        """A file whose records are the lines."""
        self.files[name] = content
        digest = hashlib.sha256(content).hexdigest()
        self.told |= {(digest, position): line for position, line in enumerate(lines)}

    def write(self, folder: Path, *, wanted: Callable[[str], bool] = lambda name: True) -> Path:
        """Lay the files below the folder."""
        for name, content in self.files.items():
            if wanted(name):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return folder


def happened(size: Size, rng: random.Random) -> list[Fact]:
    """Visits of devices, some over midnight, and order lines of customers."""
    facts: list[Fact] = []
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    while len(facts) < size.n_events:
        device = f"d{rng.randrange(size.n_events // 10)}"
        at = midnight + timedelta(seconds=rng.randrange(N_DAYS * 86_400 - 8000))
        for _ in range(min(rng.randint(1, 6), size.n_events - len(facts))):
            fields = {"type": rng.choice(KINDS), "device": device, "sku": f"p{rng.randrange(30)}"}
            facts.append(Fact("events", f"e{len(facts)}", at, fields))
            at += timedelta(seconds=rng.randint(5, 1500))
    for number in range(size.n_lines):
        at = midnight + timedelta(seconds=rng.randrange(N_DAYS * 86_400))
        pieces = rng.choice((-1, 1, 1, 2, 5))
        fields = {"line": "1", "customer": f"c{rng.randrange(size.n_lines // 4)}", "sku": f"p{rng.randrange(30)}", "n": pieces}
        facts.append(Fact("orders", f"o{number}", at, fields | {"price": rng.randrange(100, 9999) / 100, "ccy": "EUR"}))
    return facts


def record(fact: Fact, scenario: str, *, at: str | None = None, **changes: Any) -> dict[str, Any]:
    """The fact as the scenario delivers it."""
    name = "id" if fact.noun == "events" else "order"
    who = "device" if fact.noun == "events" else "customer"
    told = {name: f"{scenario}.{fact.name}", "at": at or iso(fact.at)} | fact.fields
    return told | {who: f"{scenario}.{told[who]}"} | changes


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields).encode()


def _own(fact: Fact, scenario: str, day: date | None = None, **changes: Any) -> Line:
    return Line(scenario, fact.noun, day or fact.at.date(), as_json(record(fact, scenario, **changes)), fact)


def _some(facts: list[Fact], share: float, rng: random.Random) -> list[Fact]:
    """A sample of each noun, at least two."""
    found: list[Fact] = []
    for noun in ("events", "orders"):
        of_noun = [fact for fact in facts if fact.noun == noun]
        found += rng.sample(of_noun, max(2, round(len(of_noun) * share)))
    return found


def undisturbed(facts: list[Fact], size: Size, rng: random.Random) -> list[Line]:
    """Everything on its own day, in order."""
    return [_own(fact, "undisturbed") for fact in facts]


def resent(facts: list[Fact], size: Size, rng: random.Random) -> list[Line]:
    """Some lines come again, up to `repeat_days` later; some ids come again with other content."""
    again = _some(facts, size.resent_share + size.clash_share, rng)
    rng.shuffle(again)
    n_copies = round(len(again) * size.resent_share / (size.resent_share + size.clash_share))
    lines = [_own(fact, "resent") for fact in facts]
    for number, fact in enumerate(again):
        day = fact.at.date() + timedelta(days=rng.randint(0, REPEAT_DAYS))
        if number < n_copies:
            lines.append(_own(fact, "resent", day, sent=number)._replace(expected="duplicate", reason=classify.SAME_AGAIN))
        else:
            other = {"type": "view_cart"} if fact.noun == "events" else {"n": fact.fields["n"] + 7}
            lines.append(_own(fact, "resent", day, **other)._replace(expected="rejected", reason=classify.ID_CLASH))
    return lines


def shuffled(facts: list[Fact], size: Size, rng: random.Random, scenario: str = "shuffled") -> list[Line]:
    """Everything arrives within 48 hours, in any order."""
    lines = [_own(fact, scenario, (fact.at + timedelta(hours=48 * rng.random())).date()) for fact in facts]
    rng.shuffle(lines)
    return lines


def late(facts: list[Fact], size: Size, rng: random.Random) -> list[Line]:
    """As shuffled, but some arrive after the late limit."""
    beyond = {fact.name for fact in _some(facts, size.late_share, rng)}

    def delayed(line: Line) -> Line:
        if line.fact.name not in beyond:
            return line
        day = line.fact.at.date() + timedelta(days=LATE_LIMIT_DAYS + rng.randint(1, 2))
        return line._replace(day=day, expected="late", reason=classify.TOO_LATE)

    return [delayed(line) for line in shuffled(facts, size, rng, "late")]


def poison(size: Size) -> Iterator[tuple[str, str, Callable[[dict[str, Any]], bytes]]]:
    """Kind, reason, and how a good record becomes a line of that kind."""

    def large(fields: dict[str, Any]) -> bytes:
        return as_json(fields | {"note": "x" * size.large_bytes})

    kinds = {
        "bad UTF-8": (raw_json.NOT_UTF8, lambda fields: as_json(fields).replace(b'"p', b'"\xff\xfep')),
        "no JSON": (raw_json.NOT_JSON, lambda fields: b"<html>502 Bad Gateway</html>"),
        "null": (raw_json.NOT_JSON, lambda fields: b"null"),
        "1e400": ("rating is not a finite number", lambda fields: as_json(fields)[:-1] + b', "stars": 1e400}'),
        "NaN": (raw_json.NOT_FINITE, lambda fields: as_json(fields | {"stars": float("nan")})),
        "nesting of 1,200": (raw_json.TOO_DEEP, lambda fields: as_json(fields)[:-1] + b', "a": ' + b"[" * 1200 + b"]" * 1200 + b"}"),
        "a key twice": (raw_json.TWICE, lambda fields: as_json(fields)[:-1] + b', "sku": "p99"}'),
        "empty": (raw_json.EMPTY, lambda fields: b""),
    }  # fmt: skip
    for kind, (reason, spoil) in kinds.items():
        yield from ((kind, reason, spoil) for _ in range(size.n_poison))
    yield from (("large string", raw_json.TOO_LARGE, large) for _ in range(size.n_large))


def poisoned(facts: list[Fact], size: Size, rng: random.Random) -> list[Line]:
    """Everything on its day, and bad lines anywhere between."""
    lines = [_own(fact, "poisoned") for fact in facts]
    events = [fact for fact in facts if fact.noun == "events"]
    for number, (kind, reason, spoil) in enumerate(poison(size)):
        like = rng.choice(events)
        raw = spoil(record(like._replace(name=f"x{number}"), "poisoned"))
        bad = Line("poisoned", "events", like.at.date(), raw, None, "rejected", reason, kind)
        lines.insert(rng.randint(0, len(lines)), bad)
    return lines


FUTURE, PAST = "occurred_at is in the future", "occurred_at is too long ago"
SKIPPED = "occurred_at is not a time: the clocks of Europe/Berlin skip it"
CLOCKS: dict[str, tuple[Callable[[datetime], str], str, str]] = {
    "the year 2099": (lambda at: iso(at.replace(year=2099)), "rejected", FUTURE),
    "ten years ahead": (lambda at: iso(at.replace(year=at.year + 10)), "rejected", FUTURE),
    # Ten years back cannot be told from a very late event: the late limit stops both.
    "ten years back": (lambda at: iso(at.replace(year=at.year - 10)), "late", classify.TOO_LATE),
    "1970": (lambda at: "1970-01-01T00:00:01Z", "rejected", PAST),
    "9999": (lambda at: "9999-12-31T23:59:59-11:00", "rejected", FUTURE),
    "an hour that the clocks skip": (lambda at: f"2026-03-29T02:{at:%M:%S}", "rejected", SKIPPED),
}


def skewed(facts: list[Fact], size: Size, rng: random.Random) -> list[Line]:
    """Times in mixed zones; those of some events are wrong, in the first file already."""
    wrong = {fact.name: kind for fact, kind in zip(
        (fact for fact in _some(facts, size.skewed_share, rng) if fact.noun == "events"), [*CLOCKS] * size.n_events, strict=False
    )}  # fmt: skip
    first = next(fact.name for fact in facts if fact.noun == "events" and fact.at.date() == FIRST)
    wrong[first] = "the year 2099"

    def told(fact: Fact) -> Line:
        if fact.name in wrong:
            write, expected, reason = CLOCKS[wrong[fact.name]]
            line = _own(fact, "skewed", at=write(fact.at))
            return line._replace(expected=expected, reason=reason, kind=wrong[fact.name])
        zone = rng.choice(("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", None))
        local = fact.at.astimezone(ZoneInfo(zone) if zone else ZONE)
        return _own(fact, "skewed", at=local.isoformat() if zone else local.replace(tzinfo=None).isoformat())

    return [told(fact) for fact in sorted(facts, key=lambda fact: fact.name != first)]


SCENARIOS = (undisturbed, resent, shuffled, late, poisoned, skewed)


def deliver(lines: Iterable[Line], drop: Drop) -> None:
    """One file of JSON lines per scenario, noun and delivery day."""
    by_file: dict[str, list[Line]] = {}
    for line in lines:
        by_file.setdefault(f"{line.noun}/{line.scenario}/{line.day}.jsonl", []).append(line)
    for name, of_file in by_file.items():
        drop.add(name, b"".join(line.raw + b"\n" for line in of_file), of_file)


# --- schema drift -----------------------------------------------------------------------------------------------------

_CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "added": lambda r: r | {"coupon": "SPRING"},
    "dropped": lambda r: {name: value for name, value in r.items() if name != "price"},
    "renamed": lambda r: {{"price": "unit_price"}.get(name, name): value for name, value in r.items()},
    "narrowed": lambda r: r | {"price": int(r["price"])},
    "widened": lambda r: r | {"n": float(r["n"])},
    "other_case": lambda r: {{"price": "Price"}.get(name, name): value for name, value in r.items()},
}
# Per format and case: the reason for which each record is refused, or the whole file.
DRIFT_OF_RECORDS = {
    ("orders", "dropped"): "unit_price_amount is missing",
    ("orders", "renamed"): "unit_price_amount is missing",
    ("orders", "widened"): "quantity is not a whole number",
    ("orders", "other_case"): "its field price is written in another case; unit_price_amount is missing",
    ("tills", "widened"): "quantity is not a whole number",
    ("exports", "widened"): "quantity is not a whole number",
}
DRIFT_OF_FILES = {
    (feed, case): f"its {what} lacks ['price']"
    for feed, what in (("tills", "header"), ("exports", "schema"))
    for case in ("dropped", "renamed", "other_case")
}
_EXTENSIONS = {"orders": "jsonl", "tills": "csv", "exports": "parquet"}


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    return "".join(",".join(map(str, line)) + "\n" for line in (rows[0], *(row.values() for row in rows))).encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(as_json(row) + b"\n" for row in rows)


WRITERS = {"orders": as_lines, "tills": as_csv, "exports": as_parquet}


def whole_prices(fact: Fact) -> Fact:
    """The fact with a price that an integer holds."""
    return fact._replace(fields=fact.fields | {"price": float(int(fact.fields["price"]))})


def drifted(facts: list[Fact], drop: Drop, *, day_of: Callable[[str], date] = lambda case: FIRST) -> None:
    """One file per case and format: the facts in a schema that has moved."""
    orders = [whole_prices(fact) for fact in facts if fact.noun == "orders" and fact.at.date() == FIRST][:6]
    for feed, extension in _EXTENSIONS.items():
        for case, change in _CHANGES.items():
            scenario = f"{case}_{feed}"
            rows = [change(record(fact, scenario)) for fact in orders]
            name = f"{feed}/{scenario}/{day_of(case)}.{extension}"
            if reason := DRIFT_OF_FILES.get((feed, case)):
                drop.files[name] = WRITERS[feed](rows)
                drop.refused[name] = reason
                continue
            reason = DRIFT_OF_RECORDS.get((feed, case))
            expected = "rejected" if reason else "kept"
            lines = [
                Line(scenario, "orders", day_of(case), as_json(row), fact, expected, reason, case)
                for row, fact in zip(rows, orders, strict=True)
            ]
            drop.add(name, WRITERS[feed](rows), lines)


# --- what must be found -----------------------------------------------------------------------------------------------

AMOUNT = Decimal("0.0001")


def event_row(fact: Fact) -> tuple[Any, ...]:
    """The fact as silver must tell it, by the names that it happened under."""
    fields = fact.fields
    return (fact.name, fact.at.replace(tzinfo=None), fields["type"], fields["device"], fields["sku"])


def order_row(fact: Fact) -> tuple[Any, ...]:
    """The fact as silver must tell it, by the names that it happened under."""
    fields = fact.fields
    price = Decimal(str(fields["price"])).quantize(AMOUNT)
    at = fact.at.replace(tzinfo=None)
    return (
        fact.name,
        fields["line"],
        at,
        fields["customer"],
        fields["sku"],
        fields["n"],
        price,
        price * fields["n"],
        fields["ccy"],
    )


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
