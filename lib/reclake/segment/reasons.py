"""Why a customer stands in a tier: one sentence of the row's own figures, in English and Chinese."""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from .settings import TierWordsSettings
from .tiers import PROSPECT, Standing, is_lapsed

_MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Phrases:
    """The parts of a sentence in one language; %s takes a figure."""

    prospect: str
    new: str  # days since, days of the rule
    once: str  # days since
    often: str  # orders, days since
    lapsed: str  # days of the rule
    visited: str  # days since
    unvisited: str
    p_alive: str  # percent
    rate: str  # purchases in 30 days, purchases in 30 days of the rule
    review: str  # days since
    unknown: str
    day: str
    days: str
    under_one: str
    percent: str
    separator: str


ENGLISH = Phrases(
    prospect="nothing bought in the window",
    new="first bought %s ago, within %s",
    once="bought once, %s ago",
    often="%s orders, the last %s ago",
    lapsed="nothing bought for more than %s",
    visited="last visit %s ago",
    unvisited="no visit since",
    p_alive="still a customer with a probability of %s %%",
    rate=f"%s purchases expected in {_MONTH_DAYS} days, high value from %s",
    review="reviewed %s ago",
    unknown="too few repeat purchases in the shop to learn from",
    day="%s day",
    days="%s days",
    under_one="less than 1",
    percent="%s",
    separator="; ",
)
CHINESE = Phrases(
    prospect="统计窗口内没有购买",
    new="首次购买距今 %s，在 %s之内",
    once="仅购买一次，距今 %s",
    often="共 %s 笔订单，最近一笔距今 %s",
    lapsed="超过 %s未购买",
    visited="最近一次访问距今 %s",
    unvisited="此后没有访问",
    p_alive="仍为活跃客户的概率%s %%",
    rate=f"预计 {_MONTH_DAYS} 天内购买 %s 次，高价值从 %s 次起",
    review="%s前评估",
    unknown="店铺的复购太少，无从估计",
    day="%s 天",
    days="%s 天",
    under_one="不到 1",
    percent="为 %s",
    separator="；",
)


def reason(standing: Standing, tier: Column, words: TierWordsSettings, phrases: Phrases) -> Column:
    """The sentence in the language of the phrases.

    Probability and rate are those of the last review, from which the tier follows.
    """
    orders, recency = standing.state["n_orders"], _days(standing.recency_days, phrases)
    bought = F.when(orders == 1, F.format_string(phrases.once, recency)).otherwise(
        F.format_string(phrases.often, orders.cast("string"), recency)
    )
    has_visited = F.coalesce(standing.state["last_visit_date"] > standing.state["last_order_date"], F.lit(False))
    visited = F.format_string(phrases.visited, _days(standing.silent_days, phrases))
    seen = F.when(has_visited, visited).otherwise(phrases.unvisited)
    is_older = standing.is_learned & (standing.review_age_days > 0)
    review = F.when(is_older, F.format_string(phrases.review, _days(standing.review_age_days, phrases)))
    unknown = F.lit(phrases.unknown)
    p_alive = F.format_string(phrases.p_alive, _percent(standing.p_alive, phrases))
    rate = F.format_string(phrases.rate, _monthly(standing.rate_per_day), _monthly(F.lit(words.high_rate_per_day)))
    age = _days(standing.age_days, phrases)

    def sentence(*parts: Column) -> Column:
        return F.concat_ws(phrases.separator, *parts)  # leaves nulls out

    return (
        F
        .when(tier == PROSPECT, phrases.prospect)
        .when(tier == "new", F.format_string(phrases.new, age, _days(F.lit(words.recent_days), phrases)))
        .when(
            is_lapsed(standing, words),
            sentence(bought, seen, F.format_string(phrases.lapsed, _days(F.lit(words.lapsed_days), phrases))),
        )
        .when(~standing.is_learned, sentence(bought, seen, unknown))
        .when(tier.isin("churn_warning", "dormant"), sentence(bought, seen, p_alive, review))
        .otherwise(sentence(bought, rate, review))
    )


def _days(n: Column, phrases: Phrases) -> Column:
    written = n.cast("string")
    return F.when(n == 1, F.format_string(phrases.day, written)).otherwise(F.format_string(phrases.days, written))


def _percent(share: Column, phrases: Phrases) -> Column:
    percent = F.floor(share * 100)
    return F.when(percent < 1, phrases.under_one).otherwise(F.format_string(phrases.percent, percent.cast("string")))


def _monthly(rate_per_day: Column) -> Column:
    return F.format_number(rate_per_day * _MONTH_DAYS, 1)
