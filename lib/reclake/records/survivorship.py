"""What an account holds where several feeds tell of it, such as the shop's own system and what staff wrote into a CRM.

* A feed says nothing of a column that it does not map: what another feed stated stands.
* A feed that staff writes (`verified_contacts = "typed"`) says nothing of what its record leaves out.
* A typed phone or e-mail address counts only while no other feed has stated one for the account. A slip of the pen would
  else end the tie to the number that the person verified (docs/decisions/0063-what-staff-typed-ends-no-tie.md).

Of what is said the last counts, in the order of `records.validity`. With one feed of accounts per source every state is
as its record says.
"""

from collections.abc import Iterator, Mapping

from pyspark.sql import Column, WindowSpec
from pyspark.sql import functions as F

from reclake.sources.source import VERIFIED, Feed, Source

# Columns that one record states together.
_STATED: tuple[tuple[str, ...], ...] = (
    *VERIFIED.items(), ("registered_at",), ("card_token",), ("union_token",), ("device_id",), ("region",), ("gender",),
)  # fmt: skip


def survivors(sources: Mapping[str, Source], so_far: WindowSpec) -> dict[str, Column]:
    """The columns of an account's state, over its states up to each; none where no source has two feeds of accounts.

    The states hold source, feed and is_stub beside the columns; `so_far` orders those of one account up to the row.
    """
    feeds = list(_feeds(sources))
    if not feeds:
        return {}
    found: dict[str, Column] = {}
    for columns in _STATED:
        state = F.struct(*columns)
        has_value = F.col(columns[0]).isNotNull()
        is_typed = _is_of(source for source in feeds if source[2].is_typed)
        is_silent = F.col("is_stub") | _is_of(one for one in feeds if columns[0] not in one[2].columns) | (is_typed & ~has_value)
        kept = F.last(F.when(~is_silent, state), ignorenulls=True).over(so_far)
        if columns[0] in VERIFIED:
            own = F.last(F.when(~is_silent & ~is_typed, state), ignorenulls=True).over(so_far)
            typed = F.last(F.when(is_typed & has_value, state), ignorenulls=True).over(so_far)
            has_own = F.max(~F.col("is_stub") & ~is_typed & has_value).over(so_far)
            kept = F.when(has_own | typed.isNull(), own).otherwise(typed)
        found |= {column: kept[column] for column in columns}
    return found


def is_typed(sources: Mapping[str, Source]) -> Column:
    """Whether staff wrote the record."""
    return _is_of(one for one in _feeds(sources) if one[2].is_typed)


def _feeds(sources: Mapping[str, Source]) -> Iterator[tuple[str, str, Feed]]:
    """Source, name and feed of accounts, of sources that have several."""
    for name, source in sorted(sources.items()):
        feeds = source.feeds_of("accounts")
        if len(feeds) > 1:
            yield from ((name, feed_name, feed) for feed_name, feed in feeds.items())


def _is_of(feeds: Iterator[tuple[str, str, Feed]]) -> Column:
    is_of = F.lit(False)
    for source, name, _feed in feeds:
        is_of = is_of | ((F.col("source") == source) & (F.col("feed") == name))
    # A row from before feeds were noted is of none of them.
    return F.coalesce(is_of, F.lit(False))
