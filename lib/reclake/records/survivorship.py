"""What an account, product or stock holds where several feeds tell of it.

Of an account tell the shop's own system and what staff wrote into a CRM; of a product, its catalogue and a list of brands; of
stock, a warehouse and those who recall.

* A feed says nothing of a column that it does not map: what another feed stated stands.
* A feed that staff writes (`verified_contacts = "typed"`) says nothing of what its record leaves out.
* A typed phone or e-mail address counts only while no other feed has stated one for the account. A slip of the pen would
  else end the tie to the number that the person verified (docs/decisions/0063-what-staff-typed-ends-no-tie.md).

Of what is said the last counts, in the order of `records.validity`. What a stub knows counts where no feed has said anything.
With one feed of a table per source every state is as its record says: sources have accounts and products of their own. Stock is not
a source's own: a warehouse and those who recall may be two sources, so its feeds are those of all sources together.
"""

from collections.abc import Iterator, Mapping

from pyspark.sql import Column, WindowSpec
from pyspark.sql import functions as F

from reclake.sources.source import VERIFIED, Feed, Source

# By bronze noun: the columns that one record states together, led by the one that a feed maps if it states them.
_STATED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "accounts": (
        *VERIFIED.items(), ("registered_at",), ("card_token",), ("union_token",), ("device_id",), ("region",), ("gender",),
    ),
    "products": (
        ("product_name",), ("category",), ("price_amount", "currency"), ("is_active",), ("brand",), ("variant_of",),
        ("list_price_amount",),
    ),
    "stock": (("n_available", "is_in_stock"), ("is_recalled",)),
}  # fmt: skip
_OF_ALL_SOURCES = frozenset({"stock"})  # nouns whose states several sources state of the same key
_LED_BY = {"n_available": ("n_available", "is_in_stock")}  # a warehouse counts pieces, or says whether there are any


def survivors(sources: Mapping[str, Source], table: str, so_far: WindowSpec) -> dict[str, Column]:
    """The columns of a state, over the states of its key up to each; none where one record says all.

    The states hold source, feed and is_stub beside the columns; `so_far` orders those of one key up to the row.
    """
    feeds = list(_feeds(sources, table))
    if not feeds:
        return {}
    found: dict[str, Column] = {}
    for columns in _STATED[table]:
        state = F.struct(*columns)
        has_value = F.col(columns[0]).isNotNull()
        is_typed = _is_of(source for source in feeds if source[2].is_typed)
        leads = _LED_BY.get(columns[0], columns[:1])
        is_unmapped = _is_of(one for one in feeds if one[2].columns.keys().isdisjoint(leads))
        is_silent = F.col("is_stub") | is_unmapped | (is_typed & ~has_value)
        kept = F.last(F.when(~is_silent, state), ignorenulls=True).over(so_far)
        if columns[0] in VERIFIED:
            own = F.last(F.when(~is_silent & ~is_typed, state), ignorenulls=True).over(so_far)
            typed = F.last(F.when(is_typed & has_value, state), ignorenulls=True).over(so_far)
            has_own = F.max(~F.col("is_stub") & ~is_typed & has_value).over(so_far)
            kept = F.when(has_own | typed.isNull(), own).otherwise(typed)
        of_stub = F.last(F.when(F.col("is_stub"), state), ignorenulls=True).over(so_far)
        kept = F.coalesce(kept, of_stub)
        found |= {column: kept[column] for column in columns}
    return found


def is_typed(sources: Mapping[str, Source]) -> Column:
    """Whether staff wrote the record."""
    return _is_of(one for one in _feeds(sources, "accounts") if one[2].is_typed)


def _feeds(sources: Mapping[str, Source], table: str) -> Iterator[tuple[str, str, Feed]]:
    """Source, name and feed of the bronze noun, of sources that have several; of stock, if there are several over all sources."""
    of_sources = {name: source.feeds_of(table) for name, source in sorted(sources.items())}
    n_all = sum(map(len, of_sources.values()))
    for name, feeds in of_sources.items():
        if (n_all if table in _OF_ALL_SOURCES else len(feeds)) > 1:
            yield from ((name, feed_name, feed) for feed_name, feed in feeds.items())


def _is_of(feeds: Iterator[tuple[str, str, Feed]]) -> Column:
    is_of = F.lit(False)
    for source, name, _feed in feeds:
        is_of = is_of | ((F.col("source") == source) & (F.col("feed") == name))
    # A row from before feeds were noted is of none of them.
    return F.coalesce(is_of, F.lit(False))
