"""How one standard column is read from the records of one feed."""

from collections.abc import Callable
from dataclasses import dataclass

from reclake.sources.source import ColumnMapping, Feed, Source, is_id

Texts = list[str | None]
Times = list[int | None]  # microseconds since 1970
Report = Callable[[int, str], None]  # row of the batch, reason

NUMBERS = ("long", "decimal", "double")


def is_time(mapping: ColumnMapping) -> bool:
    """Whether it is read as a time."""
    return mapping.type in ("timestamp", "date")


def is_typed(mapping: ColumnMapping) -> bool:
    """Whether its text is read as a number or truth value afterwards."""
    return mapping.type in (*NUMBERS, "boolean")


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How a standard column is read from the records of one feed."""

    column: str
    feed: Feed
    id_rule: int
    time_zone: str
    is_required: bool

    @property
    def mapping(self) -> ColumnMapping:
        """The feed's mapping of the column."""
        return self.feed.columns[self.column]

    @property
    def is_id(self) -> bool:
        """Whether it holds an id, which has words for none."""
        return is_id(self.column, self.mapping.type)


def reader_of(column: str, feed: Feed, source: Source, *, is_required: bool = False) -> ColumnReader:
    """The reader of a column that the feed maps."""
    return ColumnReader(column, feed, source.id_rule, source.time_zone, is_required or feed.columns[column].required)
