"""What a learned process says of one customer: whether they are still one, and how often they buy."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# The purchases of a day lie in its middle on average.
_MIDDLE = 0.5


def p_alive(process: Column, channels: Column, state: Column, day: Column) -> Column:
    """Probability, 0 to 1, that the customer has not stopped by the start of `day`; null without a process or a purchase.

    Bayes: 1 / (1 + odds of having stopped at the last purchase + odds of having stopped after the last visit), each of them
    prior odds × ((αq + age) / (αq + time of the event))^(r + repeat purchases + visits).

    Parameters
    ----------
    process
        Struct of `segment.process.Process`.
    state
        Struct of `segment.activity.STATE`, as it was at the start of `day`.
    """
    n_repeats = state["n_orders"] - 1
    scale = process["alpha"] * _purchase_share(process, channels)
    exponent = process["r"] + n_repeats + state["n_visits"]

    def lengthened(since: Column) -> Column:
        at = F.date_diff(since, state["first_order_date"])
        return F.pow((scale + _age(state, day)) / (scale + at), exponent)

    prior = F.when(n_repeats > 0, process["a"] / (process["b"] + n_repeats - 1)).otherwise(_odds(process["first_stop"]))
    last_order, last_visit = state["last_order_date"], state["last_visit_date"]
    is_last_a_visit = F.coalesce(last_visit > last_order, F.lit(False))
    is_visited = F.coalesce(last_visit >= last_order, F.lit(False))
    at_purchase = F.when(is_last_a_visit, 0.0).otherwise(prior * lengthened(last_order))
    at_visit = F.when(is_visited, _odds(process["visit_stop"]) * lengthened(last_visit)).otherwise(0.0)
    return 1.0 / (1.0 + at_purchase + at_visit)


def expected_rate_per_day(process: Column, channels: Column, state: Column, day: Column) -> Column:
    """Purchases a day that a customer is expected to make while living; null without a process or a purchase.

    The posterior mean of the rate of purchases and visits, times that of the share of purchases among them.
    """
    n_repeats, n_visits = state["n_orders"] - 1, state["n_visits"]
    share, weight = _purchase_share(process, channels), process["concentration"]
    of_all = (process["r"] + n_repeats + n_visits) / (process["alpha"] * share + _age(state, day))
    return of_all * (weight * share + n_repeats) / (weight + n_repeats + n_visits)


def _age(state: Column, day: Column) -> Column:
    return F.date_diff(day, state["first_order_date"]) - _MIDDLE


def _odds(probability: Column) -> Column:
    return probability / (1.0 - probability)


def _purchase_share(process: Column, channels: Column) -> Column:
    known = F.try_element_at(process["purchase_shares"], F.coalesce(channels, F.lit("")))
    return F.coalesce(known, process["purchase_share"])
