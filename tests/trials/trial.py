"""A lake of the shop, read by the names under which things happened, and what differs from what must be there."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from lakes import ROOT
from reclake.lake.claims import Claims
from reclake.lake.digest import Digest
from reclake.lake.store import Store
from reclake.privacy.keys import load_key
from reclake.privacy.tokens import account_pseudonym, device_pseudonym
from reclake.quality.gate import Gate
from reclake.quality.verdict import judged
from reclake.run import stage
from reclake.run.application import Application
from reclake.run.commit import commit_days
from reclake.run.runner import scope_of
from reclake.run.views import published
from reclake.tables import Table, gold, silver
from trials.shop import SCENARIOS, Drop, Fact, Line, Size

Bag = Counter[tuple[Any, ...]]


def in_another_order(days: list[date], seed: int) -> list[date]:
    """The days in a random order that is not theirs."""
    rng, drawn = random.Random(seed), sorted(days)
    while drawn == sorted(days):
        rng.shuffle(drawn)
    return drawn


@dataclass
class Trial:
    """A shop, its deliveries, and the lake that took them in."""

    app: Application
    facts: list[Fact]
    drop: Drop
    size: Size
    folder: Path
    seed: int
    is_small: bool
    frames: Mapping[str, DataFrame] = field(default_factory=dict)  # of the small form, which publishes nothing

    def __post_init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def frame(self, table: Table) -> DataFrame:
        """The table as it was built."""
        return self.frames[table.name] if self.frames else published(self.app, table)

    def rows(self, table: Table) -> list[Row]:
        """All rows; read once."""
        if table.name not in self._rows:
            self._rows[table.name] = self.frame(table).collect()
        return self._rows[table.name]

    def lines(self, scenario: str) -> dict[tuple[str, int], Line]:
        """What the scenario delivered, by pointer."""
        return {pointer: line for pointer, line in self.drop.told.items() if line.scenario == scenario}

    def facts_of(self, noun: str) -> list[Fact]:
        """What happened."""
        return [fact for fact in self.facts if fact.noun == noun]

    def kept(self, scenario: str, noun: str) -> list[Fact]:
        """The facts that the scenario's lines must leave in silver."""
        return [line.fact for line in self.lines(scenario).values() if line.expected == "kept" and line.noun == noun]

    @cached_property
    def native(self) -> dict[str, str]:
        """Pseudonym → the name under which the device or customer is known in every scenario."""
        key = load_key(str(self.folder / "secrets"), "id1")
        scenarios = {line.scenario for line in self.drop.told.values()} | {scenario.__name__ for scenario in SCENARIOS}
        found = {}
        for scenario in scenarios:
            for fact in self.facts:
                name = fact.fields.get("device") or fact.fields["customer"]
                told = f"{scenario}.{name}"
                if fact.noun == "events":
                    found[device_pseudonym(key, source="trial", native_id=told)] = told
                else:
                    found[account_pseudonym(key, source="trial", channel="web", native_id=told)] = told
        return found

    def events(self, scenario: str, rows: Iterable[Row] | None = None) -> Bag:
        """Events of the scenario, as `shop.event_row` tells them."""
        found = self.rows(silver.EVENTS) if rows is None else rows
        return Counter(
            (
                _bare(row["event_id"]),
                row["occurred_at"],
                row["event_type"],
                _bare(self.native[row["device_id"]]),
                row["product_id"],
            )
            for row in found
            if _is_of(row["event_id"], scenario)
        )

    def orders(self, scenario: str, rows: Iterable[Row] | None = None) -> Bag:
        """Order lines of the scenario, as `shop.order_row` tells them."""
        found = self.rows(silver.ORDER_LINES) if rows is None else rows
        names = ("product_id", "quantity", "unit_price_amount", "line_amount", "currency")
        return Counter(
            (
                _bare(r["order_id"]),
                r["line_id"],
                r["ordered_at"],
                _bare(self.native[r["account_id"]]),
                *(r[name] for name in names),
            )
            for r in found
            if _is_of(r["order_id"], scenario)
        )

    def sessions(self, scenario: str) -> Bag:
        """Sessions of the scenario; session_id hangs on the file, so it is left out."""
        names = (
            "session_date",
            "started_at",
            "ended_at",
            "duration_seconds",
            "n_events",
            "n_views",
            "n_carts",
            "n_purchases",
            "is_engaged",
        )
        told = ((self.native[row["unit_id"]], row) for row in self.rows(silver.SESSIONS))
        return Counter((_bare(unit), *(row[name] for name in names)) for unit, row in told if _is_of(unit, scenario))

    def segments(self, scenario: str) -> Bag:
        """Segments of the scenario's customers; the customer's own name comes from the account."""
        names = ("as_of_date", "first_order_date", "last_order_date", "recency_days", "n_orders", "spend_amount", "return_amount")
        names += ("currency", "recency_score", "frequency_score", "monetary_score", "segment", "tier")
        customers = {row["customer_id"]: self.native[row["account_id"]] for row in self.rows(silver.IDENTITIES)}
        told = ((customers[row["customer_id"]], row) for row in self.rows(gold.CUSTOMER_SEGMENTS))
        return Counter((_bare(name), *(row[column] for column in names)) for name, row in told if _is_of(name, scenario))

    def misjudged(self, scenario: str) -> list[str]:
        """Records of the scenario with another class or reason than was planted; lines without a record, too."""
        return self._misjudged(
            scenario, ("events", "orders"), [*self.rows(silver.EVENT_RECORDS), *self.rows(silver.ORDER_RECORDS)]
        )

    def misjudged_events(self, scenario: str, records: Iterable[Row]) -> list[str]:
        """The same for other records than the lake's."""
        return self._misjudged(scenario, ("events",), records)

    def _misjudged(self, scenario: str, nouns: tuple[str, ...], records: Iterable[Row]) -> list[str]:
        judged = {(row["file_digest"], row["position"]): row for row in records}
        told = ((line, judged.get(pointer)) for pointer, line in self.lines(scenario).items() if line.noun in nouns)
        return [wrong for line, row in told if (wrong := _misjudged(line, row))]


def _misjudged(line: Line, row: Row | None) -> str | None:
    what = f"{line.scenario} {line.kind or (line.fact.name if line.fact else '')}".strip()
    if row is None:
        return f"{what}: lost"
    if row["record_class"] != line.expected:
        return f"{what}: {row['record_class']} {row['reasons']}, not {line.expected}"
    if (line.reason.split("; ") if line.reason else []) != row["reasons"]:
        return f"{what}: {row['reasons']}, not {line.reason}"
    return None


def _bare(name: str) -> str:
    return name.partition(".")[2]


def _is_of(name: str | None, scenario: str) -> bool:
    return name is not None and name.partition(".")[0] == scenario


def bag_of(facts: Iterable[Fact], told: Callable[[Fact], tuple[Any, ...]]) -> Bag:
    """The facts as silver must tell them."""
    return Counter(map(told, facts))


def differences(found: Bag, wanted: Bag) -> list[str]:
    """Where two bags differ: how many rows are missing or too many, and the first of each."""
    told = {"missing": wanted - found, "too many": found - wanted}
    return [f"{sum(rows.values())} {what}, first {min(rows, key=repr)}" for what, rows in told.items() if rows]


def snapshot(app: Application) -> Mapping[str, int]:
    """Published versions."""
    return {name: row.version for name, row in app.manifest.current().items()}


def plain_rows(rows: Iterable[Row], table: Table) -> Bag:
    """Rows as they stand, less what says which run wrote them."""
    names = [field.name for field in table.fields if field.name not in table.run_columns]
    return Counter(tuple(repr(row[name]) for name in names) for row in rows)


class Passing(Gate):
    """A gate that looks at nothing: for small trials that are not about gates, and the known-bad one of those that are."""

    def check(self, table, frame, **options):
        return judged(table, findings=(), warnings=(), n_expectations=1, n_rows=options["n_rows"], seconds=0.0, n_jobs=0)


class Unchecked(Claims):
    """Claims that check nothing: the known-bad variant of trials that claims decide."""

    def _state(self):
        last, _ = super()._state()
        return last, []

    def require_held(self, claim):
        pass


def appended(store, table, frame, *, days, entry):
    """What a known-bad Store.replace_days does: it replaces nothing."""
    return store._write(table, store._writer(table, frame, entry).mode("append"), entry)


def build_by_appending(app: Application, table: Table, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """The known-bad rerun of a finished day: it takes its rows for others than they were, and adds them to those."""

    def commit_again(run, work, frame, contents):
        others = {output: replace(content, digest=content.digest + Digest(0, 1)) for output, content in contents.items()}
        return commit_days(run, work, frame, others)

    object.__setattr__(app, "gate", Passing(ROOT / "expectations", timeout_seconds=60))
    scope = replace(scope_of(app, first=day, last=day, force=True), tables=frozenset({table.name}))
    with monkeypatch.context() as patched:
        patched.setattr(stage, "commit_days", commit_again)
        patched.setattr(Store, "replace_days", appended)
        assert stage.build_stage(app, table.stage, scope) == {}
