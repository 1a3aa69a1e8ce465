"""Who of a purpose's customers may be contacted, by which channel; of the others, why not."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.privacy.consent import CONTACT_REFUSALS, NO_CONSENT, contact_refusal

from .history import UNTRIED, contact_history
from .purpose import Purpose
from .reach import NEEDS, personal_contacts, reached_by
from .settings import ContactsSettings

COMPLAINED, NO_CHANNEL, OVER_CAP = "complained", "no_channel", "over_cap"
# In the order in which one of several is named.
EXCLUSIONS = (*CONTACT_REFUSALS, COMPLAINED, NO_CHANNEL, OVER_CAP)


def contact_candidates(
    people: DataFrame,
    accounts: DataFrame,
    shared_keys: DataFrame,
    outreach: DataFrame,
    customer_segments: DataFrame,
    *,
    as_of: date,
    limits: ContactsSettings,
    purposes: Mapping[str, Purpose],
) -> DataFrame:
    """One row per purpose and customer of a tier that it is for: all columns of customer_segments, and what follows.

    contact_purpose, consent_purpose, contact_channel, n_recent_contacts, last_contact_date, exclusion. `exclusion` is null for
    those who may be contacted, else the first of EXCLUSIONS that holds. A customer stands on no more lists than they may be
    contacted times, on those of the lowest precedence first.

    Parameters
    ----------
    people, accounts, shared_keys
        The rows that are valid at the as_of.
    outreach
        Rows of silver.outreach before the as_of, as far back as `limits.history_days`.
    customer_segments
        The rows of the as_of.
    """
    answers = people.select("customer_id", "granted", "refused", "contact_age").distinct()
    kinds = reached_by(personal_contacts(people, accounts, shared_keys))
    history = contact_history(people, outreach, as_of=as_of, window_days=limits.window_days)
    customers = (
        customer_segments
        .where(F.col("tier").isin(sorted({tier for purpose in purposes.values() for tier in purpose.tiers})))
        .join(answers, on="customer_id", how="left")
        .join(kinds, on="customer_id", how="left")
        .join(history, on="customer_id", how="left")
        .withColumn("n_recent_contacts", F.coalesce("n_recent_contacts", F.lit(0)).cast("long"))
    )
    wanted = (
        customers.withColumn("purpose", F.explode(_purposes_of(F.col("tier"), purposes))).select("*", "purpose.*").drop("purpose")
    )
    rest_from = as_of - timedelta(days=limits.rest_days)
    has_complained = F.coalesce(F.col("last_complaint_date") >= F.lit(rest_from), F.lit(False))
    judged = wanted.withColumn("contact_channel", _best_channel()).withColumn(
        "exclusion",
        F.coalesce(
            F.when(F.col("granted").isNull(), NO_CONSENT),
            contact_refusal(F.col("consent_purpose")),
            F.when(has_complained, COMPLAINED),
            F.when(F.col("contact_channel").isNull(), NO_CHANNEL),
        ),
    )
    return _within_the_cap(judged, max_contacts=limits.max_contacts).drop(
        "granted", "refused", "contact_age", "kinds", "standings", "last_complaint_date", "precedence", "channels"
    )


def _purposes_of(tier: Column, purposes: Mapping[str, Purpose]) -> Column:
    """The purposes that a tier is contacted for: an array of contact_purpose, consent_purpose, precedence, channels."""
    ranked = sorted(purposes, key=lambda name: (purposes[name].precedence, name))
    structs = [
        F.when(
            tier.isin(*purposes[name].tiers),
            F.struct(
                F.lit(name).alias("contact_purpose"),
                F.lit(purposes[name].consent).alias("consent_purpose"),
                F.lit(place).alias("precedence"),
                _texts(purposes[name].channels).alias("channels"),
            ),
        )
        for place, name in enumerate(ranked)
    ]
    nothing = F.array().cast("array<struct<contact_purpose:string,consent_purpose:string,precedence:int,channels:array<string>>>")
    return F.array_compact(F.array(*structs)) if structs else nothing


def _texts(words: Sequence[str]) -> Column:
    return F.array(*map(F.lit, words))


def _best_channel() -> Column:
    """Of the purpose's channels that reach the customer the one that did best when it was last used; null without one.

    Among equals an earlier one of the purpose's channels. One that failed, or was complained of, comes last.
    """
    needs = F.create_map(*(F.lit(word) for pair in NEEDS.items() for word in pair))
    kinds = F.coalesce("kinds", F.array().cast("array<string>"))
    standings = F.coalesce("standings", F.create_map().cast("map<string,int>"))
    reaching = F.filter("channels", lambda channel: F.array_contains(kinds, F.try_element_at(needs, channel)))
    rated = F.transform(
        reaching,
        lambda channel, place: F.struct(
            F.coalesce(F.try_element_at(standings, channel), F.lit(UNTRIED)).alias("standing"),
            (-place).alias("place"),
            channel.alias("channel"),
        ),
    )
    return F.array_max(rated)["channel"]


def _within_the_cap(judged: DataFrame, *, max_contacts: int) -> DataFrame:
    """The rows, with the exclusion over_cap where a customer may not be contacted once more, in the order of precedence."""
    so_far = W.partitionBy("customer_id").orderBy("precedence").rowsBetween(W.unboundedPreceding, W.currentRow)
    is_open = F.col("exclusion").isNull()
    place = F.count_if(is_open).over(so_far)
    is_beyond = is_open & (place + F.col("n_recent_contacts") > max_contacts)
    return judged.withColumn("exclusion", F.when(is_beyond, OVER_CAP).otherwise(F.col("exclusion")))
