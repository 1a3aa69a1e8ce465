"""Tiers: what customers are to those who work with them, and by which rules."""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from .settings import TierWordsSettings

# From worst to best: a change to a later one is an upgrade. Potential is who bought once, and has not come again lately.
ORDER = ("dormant", "churn_warning", "potential", "new", "returning", "high_value")
PROSPECT = "prospect"  # below all of them: nothing bought
TIER_NAMES_ZH = {
    "new": "新客户",
    "returning": "回头客",
    "high_value": "高价值客户",
    "potential": "潜力客户",
    "churn_warning": "流失预警",
    "dormant": "休眠客户",
    "prospect": "潜在客户",
}
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tier is decided from, as columns of one customer and day."""

    day: Column  # what was done before it counts
    state: Column  # at the start of the day: struct of segment.activity.STATE, null before the first purchase
    review_day: Column
    reviewed: Column  # the same at the start of the last review's day
    p_alive: Column  # at the last review; null where there is no process
    rate_per_day: Column  # expected at the last review; null where there is no process

    @property
    def recency_days(self) -> Column:
        """Days since the last purchase."""
        return F.date_diff(self.day, self.state["last_order_date"])

    @property
    def silent_days(self) -> Column:
        """Days since the last purchase or visit."""
        last = F.greatest(self.state["last_order_date"], self.state["last_visit_date"])
        return F.date_diff(self.day, last)

    @property
    def age_days(self) -> Column:
        """Days since the first purchase."""
        return F.date_diff(self.day, self.state["first_order_date"])

    @property
    def is_learned(self) -> Column:
        """Whether a process is known."""
        return self.p_alive.isNotNull()

    @property
    def review_age_days(self) -> Column:
        """Days since the last review."""
        return F.date_diff(self.day, self.review_day)

    @property
    def plain_rate_per_day(self) -> Column:
        """Repeat purchases by days since the first purchase, at the last review."""
        age = F.date_diff(self.review_day, self.reviewed["first_order_date"])
        return (self.reviewed["n_orders"] - 1) / F.greatest(age, F.lit(1))


def tier(standing: Standing, words: TierWordsSettings, *, stay_days: int) -> Column:
    """The tier; the first rule that applies decides. docs/segments.md tells the rules in words."""
    n_orders = standing.state["n_orders"]
    value = F.coalesce(standing.rate_per_day, standing.plain_rate_per_day)
    return (
        F
        .when(n_orders.isNull(), PROSPECT)
        .when(is_lapsed(standing, words) & (standing.silent_days <= words.recent_days), "churn_warning")
        .when(is_lapsed(standing, words), "dormant")
        .when(~is_alive(standing, words, stay_days=stay_days), _left(standing, words))
        .when((n_orders == 1) & (standing.age_days <= words.recent_days), "new")
        .when(value >= words.high_rate_per_day, "high_value")
        .when(n_orders == 1, "potential")
        .otherwise("returning")
    )


def is_lapsed(standing: Standing, words: TierWordsSettings) -> Column:
    """Whether nothing was bought for so long that no process makes an active customer of it."""
    return standing.recency_days > words.lapsed_days


def is_alive(standing: Standing, words: TierWordsSettings, *, stay_days: int) -> Column:
    """Whether the customer counts as one who goes on: lately seen, or more likely than not at the last review.

    Without a process, who was seen within `recent_days` does.
    """
    likely = F.when(standing.is_learned, standing.p_alive >= HALF).otherwise(standing.silent_days <= words.recent_days)
    return (standing.silent_days <= stay_days) | likely


def _left(standing: Standing, words: TierWordsSettings) -> Column:
    """The tier of those who stopped, which is right at their last purchase or visit; without a process nobody knows when."""
    is_recent = ~standing.is_learned | (standing.silent_days <= words.recent_days)
    return F.when(is_recent, "churn_warning").otherwise("dormant")
