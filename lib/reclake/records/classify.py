"""One class per record: kept, duplicate, rejected or late.

A record is valid if it has no reason of its own. For a valid record r, delivered on day D, let W be the valid records of
its source with its key that were delivered before r and not before D - repeat_days (historical sources: ever before). If
W is empty, r is the first. Else r is compared with the first delivered of W, whatever class that one has itself:

* same id, same fingerprint: r is a duplicate; other fingerprint: r is rejected as an id clash;
* no id: the key is the fingerprint, and r is a repeat: flagged and kept, or a duplicate, as its feed says.

Consents know no clash: a statement that uses an id again with other content is a new one and kept. Refusing it would lose
a withdrawal (docs/decisions/0039).

An id counts within the scope that its feed states (`id_scope`): the record's channel, the feed, or the whole source. So
till order 1001 line 1 and web order 1001 line 1 are two records, and feeds that repeat each other's records say "source".

So a chain of re-sends that never pauses for longer than repeat_days stays one event, and the class of r depends on the
deliveries D - repeat_days to D alone, whatever else is in the input. Delivery order is (delivery day, file digest,
position); the order in which files were taken in has no part.
"""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reclake.sources.source import Feed, Source

KEPT, DUPLICATE, REJECTED, LATE = "kept", "duplicate", "rejected", "late"
ID_CLASH = "its id was delivered before with other content"
SAME_AGAIN = "it was delivered before"
TOO_LATE = "it was delivered after the late limit"
_DELIVERY_ORDER = ("delivery_day", "file_digest", "position")
WITHOUT_CLASH = frozenset({"consents"})  # bronze nouns in which an id that comes again with other content is a new record


def missing_ids(feeds: dict[str, Feed]) -> dict[str, Column]:
    """The faults of records without the id that their feed promises; one that was written and refused has its reason."""
    faults: dict[str, Column] = {}
    for name, feed in feeds.items():
        for column in feed.record_id:
            reason = f"{column} is missing"
            lacks = (F.col("feed") == name) & F.col(column).isNull() & ~has_reason(column)
            faults[reason] = faults.get(reason, F.lit(False)) | lacks
    return faults


def has_reason(column: str) -> Column:
    """Whether something is said of the column already: a value that was written and refused is not missing as well."""
    return F.exists("reasons", lambda reason: reason.startswith(f"{column} "))


def _is_of(feeds: Iterable[str]) -> Column:
    names = list(feeds)
    return F.col("feed").isin(*names) if names else F.lit(False)


def id_scope(feeds: dict[str, Feed]) -> Column:
    """Within what the record's ids are unique: its channel, its feed's name, or blank for the whole source.

    Needs `feed`, and `channel` if a feed's scope is the channel. Records without a channel share the blank scope.
    """
    of_scope: dict[str, list[str]] = {}
    for name, feed in feeds.items():
        scope = "source" if feed.id_scope == "channel" and "channel" not in feed.columns else feed.id_scope
        of_scope.setdefault(scope, []).append(name)
    whole = F.lit("")
    if "channel" in of_scope:
        whole = F.when(_is_of(of_scope["channel"]), F.coalesce("channel", F.lit(""))).otherwise(whole)
    return F.when(_is_of(of_scope.get("feed", ())), F.col("feed")).otherwise(whole)


def _record_key(feeds: dict[str, Feed]) -> Column:
    """What two records of a source share if one repeats the other; an invalid record shares its key with none."""
    # Pointers spread the invalid over all partitions: a million records without id would otherwise meet in one.
    key = F.when(~F.col("is_valid"), F.concat_ws("|", F.lit("invalid"), "file_digest", "position"))
    by_id: dict[tuple[str, ...], list[str]] = {}
    for name, feed in feeds.items():
        if feed.record_id:
            by_id.setdefault(feed.record_id, []).append(name)
    for columns, names in by_id.items():
        # As JSON, so that ("a|b", "c") is not ("a", "b|c"); times in full, where JSON would leave the microseconds out.
        told = F.to_json(F.struct(*columns), {"timestampFormat": "yyyy-MM-dd HH:mm:ss.SSSSSS"})
        # What stands before flat JSON cannot be taken for a part of it.
        key = key.when(_is_of(names), F.concat(F.lit("id|"), id_scope(feeds), F.lit("|"), told))
    return key.otherwise(F.concat(F.lit("content|"), F.col("fingerprint")))


def _first_delivered(repeat_days: int | None) -> Column:
    """The first delivered valid record with the same key, up to `repeat_days` before the record; it may be itself."""
    day_number = F.unix_date("delivery_day")
    earliest = Window.unboundedPreceding if repeat_days is None else -repeat_days
    # Days are the only order of the frame, so it holds the later records of the same day too: min passes over them.
    around = Window.partitionBy("source", "record_key").orderBy(day_number).rangeBetween(earliest, Window.currentRow)
    return F.min(F.struct(*_DELIVERY_ORDER, "fingerprint")).over(around)


def _has(reason: Column) -> Column:
    return F.array_sort(F.array_distinct(F.concat("reasons", F.array(reason))))


def classified(records: DataFrame, source: Source, table: str, *, event_day: str | None) -> DataFrame:
    """The records of one source with `record_class`, sorted `reasons` and `is_repeat`; one shuffle.

    Parameters
    ----------
    records
        Pointer, `feed`, `fingerprint`, typed columns and `reasons` so far: any reason makes a record invalid.
    table
        The bronze noun.
    event_day
        The column with the day that a record is about; None if its table knows no late records.
    """
    feeds = source.feeds_of(table)
    keyed = records.withColumn("is_valid", F.size("reasons") == 0).withColumn("record_key", _record_key(feeds))
    compared = keyed.withColumn("first", _first_delivered(source.repeat_days))
    is_first = F.col("first").dropFields("fingerprint") == F.struct(*_DELIVERY_ORDER)
    is_again = F.col("is_valid") & ~is_first
    has_id = _is_of(name for name, feed in feeds.items() if feed.record_id)
    drops = _is_of(name for name, feed in feeds.items() if not feed.record_id and feed.duplicates == "drop")
    is_other = is_again & has_id & (F.col("first.fingerprint") != F.col("fingerprint"))
    is_clash = is_other & F.lit(table not in WITHOUT_CLASH)
    is_duplicate = is_again & ~is_other & (has_id | drops)
    is_late = F.lit(False)
    if event_day is not None and source.late_limit_days is not None:
        is_late = F.coalesce(F.date_diff("delivery_day", event_day) > source.late_limit_days, F.lit(False))
    record_class = (
        F.when(~F.col("is_valid") | is_clash, REJECTED).when(is_duplicate, DUPLICATE).when(is_late, LATE).otherwise(KEPT)
    )
    judged = compared.withColumns({"record_class": record_class, "is_clash": is_clash, "is_again": is_again & ~is_other})
    is_class = F.col("record_class")
    reasons = (
        F
        .when(F.col("is_clash"), _has(F.lit(ID_CLASH)))
        .when(is_class == DUPLICATE, _has(F.lit(SAME_AGAIN)))
        .when(is_class == LATE, _has(F.lit(TOO_LATE)))
        .otherwise(F.array_sort(F.array_distinct("reasons")))
    )
    judged = judged.withColumns({"reasons": reasons, "is_repeat": F.col("is_again") & (is_class == KEPT)})
    return judged.drop("is_valid", "record_key", "first", "is_clash", "is_again")
