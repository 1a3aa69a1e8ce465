"""What a source is: a frozen model of its file in conf/sources. Data, not code: no SQL, no eval."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from reclake.catalogue import Item
from reclake.catalogue.item import DESCRIPTIONS
from reclake.strict import Name, Strict, time_zones

from .feed import REQUIRED, VERIFIED, DeliveryDay, Feed
from .mapping import CONTACT_TYPES, ENCRYPTED, RECORDS, ColumnMapping, Text, field_in_note, is_id, mappable
from .stated import unknown_events
from .times import time_reader

__all__ = [
    "CONTACT_TYPES", "ENCRYPTED", "RECORDS", "REQUIRED", "VERIFIED", "BotRules", "ColumnMapping", "Completion", "DeliveryDay", "Feed", "Source", "field_in_note", "is_id", "mappable", "time_reader",
]  # fmt: skip


class Completion(Strict):
    """What marks a file as complete."""

    marker: Literal["rename", "success_file", "stable"]
    stable_seconds: Annotated[int, Field(gt=0)] | None = None  # stable: how long the file must be unchanged

    @model_validator(mode="after")
    def _stable_has_seconds(self) -> Self:
        if (self.marker == "stable") != (self.stable_seconds is not None):
            raise ValueError("stable_seconds belongs to the marker stable, and only to it")
        return self


class BotRules(Strict):
    """Which rules tell machines in this source's events."""

    by_user_agent: bool
    by_behaviour: bool
    automatic_events: tuple[
        Text, ...
    ] = ()  # standard event types that a client sends by itself: no rule by behaviour counts them


class TierWords(Strict):
    """What the words of tiers mean in this business."""

    recent_days: Annotated[int, Field(gt=0)] | None = None
    high_rate_per_day: Annotated[float, Field(gt=0)] | None = None
    lapsed_days: Annotated[int, Field(gt=0)] | None = None


class BusinessDefaults(Strict):
    """Settings of the section business that hold for a lake of this source unless a profile, variable or --set names them."""

    timezone: str | None = None
    reporting_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    tiers: TierWords = TierWords()


class Source(Item):
    """A source: where its records lie, how they become standard columns, and what is promised about them."""

    basis: Name  # lawful basis: consent, research, contract, …
    time_zone: str  # zone of times that are written without offset
    historical: bool = False  # no late limit; repeats are looked for in all deliveries
    late_limit_days: Annotated[int, Field(ge=0)] | None = None
    repeat_days: Annotated[int, Field(ge=0)] | None = None
    id_rule: Literal[1, 2] = 2  # 1: ids as written; 2: normalised (records/ids.py), as docs/sources.md tells
    max_rejected_share: Annotated[float, Field(ge=0, le=1)] | None = None  # instead of the setting run.max_rejected_share
    business: BusinessDefaults = BusinessDefaults()
    completion: Completion
    bots: BotRules
    feeds: Annotated[dict[Name, Feed], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if problems := [f"{place}: {problem}" for place, problem in self._problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.time_zone not in time_zones():
            yield "time_zone", f"{self.time_zone!r} is no IANA time zone"
        limits = (self.late_limit_days, self.repeat_days)
        if self.historical and limits != (None, None):
            yield "historical", "a historical source has no late_limit_days and no repeat_days"
        if not self.historical and None in limits:
            yield "historical", "late_limit_days and repeat_days are needed unless the source is historical"
        if self.late_limit_days is not None and self.repeat_days is not None and self.repeat_days < self.late_limit_days + 1:
            # An event may be delivered a day before its own (values.DAYS_AHEAD) and again at the end of its late limit.
            yield "repeat_days", "must be at least late_limit_days + 1, or an event that comes again could be kept twice"
        for problem in unknown_events(self.bots.automatic_events):
            yield "bots", problem
        for name, feed in self.feeds.items():
            for place, problem in feed.problems():
                yield f"feeds.{name}.{place}", problem

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times that are written without offset."""
        return ZoneInfo(self.time_zone)

    @property
    def tables_fed(self) -> tuple[str, ...]:
        """The bronze nouns that it feeds, sorted."""
        return tuple(sorted({feed.table for feed in self.feeds.values()}))

    def feeds_of(self, table: str) -> dict[str, Feed]:
        """The feeds of a bronze noun, by name."""
        return {name: feed for name, feed in self.feeds.items() if feed.table == table}

    def feed_name(self, file_name: str, table: str | None = None) -> str | None:
        """The feed, of a bronze noun or of all, that takes a file of this name.

        It is the first whose pattern the name matches. Where none does, it is the first that matches it but for the case
        of its ending, or with `.gz` behind it.
        """
        feeds = self.feeds if table is None else self.feeds_of(table)
        exact = next((name for name, feed in feeds.items() if feed.matches(file_name)), None)
        return exact or next((name for name, feed in feeds.items() if feed.nearly_matches(file_name)), None)

    def feed_of(self, table: str, file_name: str) -> Feed | None:
        """The feed that a record of the bronze noun came through."""
        name = self.feed_name(file_name, table)
        return self.feeds[name] if name is not None else None

    def concerns(self, nouns: Collection[str]) -> bool:
        """Whether any of its records become rows of these bronze nouns."""
        return not set(nouns).isdisjoint(self.tables_fed)

    def digest(self, nouns: Collection[str] | None = None) -> str:
        """SHA-256 of all that can change what becomes of a record of these bronze nouns; of all that it feeds for None.

        Descriptions, marks of completion, delivery day, encoding, bytes and the tolerated share of rejects are left out: they
        decide what is taken in, not how it is read. A key that came later counts once it is set to other than its default, so
        that a new release makes no lake stale; before there were rules of ids, all sources had rule 1, and before contacts
        were told to be verified, all of them counted.
        """
        exclude: Any = {
            **dict.fromkeys(DESCRIPTIONS, True),
            "business": True,
            "completion": True,
            "max_rejected_share": True,
            "feeds": {"__all__": {"delivery_day", "encoding", "binary", "may_be_empty"}},
        }
        told = self.model_dump(mode="json", by_alias=True, exclude=exclude)
        set_otherwise = self.model_dump(mode="json", by_alias=True, exclude=exclude, exclude_defaults=True)
        told = _without_later_defaults(told, set_otherwise)
        told |= {"id_rule": self.id_rule} if self.id_rule != 1 else {}
        for name, feed in self.feeds.items():
            told["feeds"][name].pop("verified_contacts", None)
            if feed.is_typed or (feed.contacts and feed.verified_contacts != "all"):
                told["feeds"][name]["verified_contacts"] = feed.verified_contacts
        told["feeds"] = {name: feed for name, feed in told["feeds"].items() if nouns is None or feed["table"] in nouns}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


# The keys of a source file that its digest always holds.
_FIRST_KEYS = frozenset({
    "name", "basis", "time_zone", "historical", "late_limit_days", "repeat_days", "bots", "by_user_agent", "by_behaviour", "feeds",
    "table", "pattern", "format", "delimiter", "record_id", "duplicates", "transport", "columns", "from", "constant", "type",
    "required", "map", "default", "strip_suffix", "upper", "not_products", "scope", "min", "max", "one_of",
})  # fmt: skip


def _without_later_defaults(dumped: dict[str, Any], set_otherwise: Mapping[str, Any]) -> dict[str, Any]:
    """The dump of a source without the keys that are not among the first and hold their default."""

    def kept(part: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in part.items() if key in _FIRST_KEYS or (key in other and key != "id_rule")}

    told = kept(dumped, set_otherwise)
    told["bots"] = kept(dumped["bots"], set_otherwise["bots"])
    for name, feed in dumped["feeds"].items():
        other = set_otherwise["feeds"][name]
        columns = {column: kept(mapping, other["columns"][column]) for column, mapping in feed["columns"].items()}
        told["feeds"] = told["feeds"] | {name: kept(feed, other) | {"columns": columns}}
    return told
