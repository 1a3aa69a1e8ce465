"""The tiers once more in plain Python, customer by customer: what the columns of `segment` are compared with."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import floor

import numpy as np

from reclake.segment.process import Histories, learned

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Words:
    recent_days: int = 21
    high_rate_per_day: float = 0.08
    lapsed_days: int = 365


@dataclass(frozen=True)
class Customer:
    """Days of orders and of visits that bought nothing, with repeats."""

    channels: str
    orders: tuple[date, ...]
    visits: tuple[date, ...]

    def known(self, day):
        """Orders and visits before the day; visits since the first order."""
        orders = sorted(one for one in self.orders if one < day)
        return orders, sorted(one for one in self.visits if orders and orders[0] <= one < day)

    def review_day(self, day, stay_days):
        """The day after the last order, or the last of the days that follow it every stay_days."""
        first = self.known(day)[0][-1] + DAY
        while first + stay_days * DAY <= day:
            first += stay_days * DAY
        return first


def monday(day):
    while day.weekday():
        day -= DAY
    return day


def process_of(customers, day, *, min_repeats):
    """What is learned of those who had bought by the day."""
    rows = []
    for customer in customers:
        orders, visits = customer.known(day)
        if orders:
            first = orders[0]
            last_visit = (visits[-1] - first).days if visits else 0
            row = (len(orders) - 1, len(visits), (day - first).days - 0.5, (orders[-1] - first).days, last_visit)
            rows.append((*row, customer.channels))
    if not rows:
        return None
    *columns, channels = zip(*rows, strict=True)
    groups = tuple(sorted(set(channels)))
    group = np.array([groups.index(one) for one in channels])
    return learned(Histories(*(np.array(column, dtype=float) for column in columns), group, groups), min_repeats=min_repeats)


def judged(process, customer, day):
    """Probability to be alive, and expected purchases a day."""
    orders, visits = customer.known(day)
    if process is None or not orders:
        return None, None
    share = process.purchase_shares.get(customer.channels, process.purchase_share)
    x, n, first = len(orders) - 1, len(visits), orders[0]
    scale, age, exponent = process.alpha * share, (day - first).days - 0.5, process.r + len(orders) - 1 + len(visits)
    odds = 0.0
    if not visits or visits[-1] <= orders[-1]:
        prior = process.a / (process.b + x - 1) if x else process.first_stop / (1 - process.first_stop)
        odds += prior * ((scale + age) / (scale + (orders[-1] - first).days)) ** exponent
    if visits and visits[-1] >= orders[-1]:
        prior = process.visit_stop / (1 - process.visit_stop)
        odds += prior * ((scale + age) / (scale + (visits[-1] - first).days)) ** exponent
    weight = process.concentration
    return 1 / (1 + odds), exponent / (scale + age) * (weight * share + x) / (weight + x + n)


class Company:
    """Customers by name, and what is learned of them together."""

    def __init__(self, customers, *, words=None, stay_days=5, look_back_days=28, min_repeats=30):
        self.customers, self.words = customers, words or Words()
        self.stay_days, self.look_back_days, self.min_repeats = stay_days, look_back_days, min_repeats
        self._processes = {}

    def process(self, day):
        if day not in self._processes:
            self._processes[day] = process_of(self.customers.values(), day, min_repeats=self.min_repeats)
        return self._processes[day]

    def row(self, name, as_of):
        """What gold.customer_segments holds of a customer's tier at an as_of."""
        customer = self.customers[name]
        tiers = {as_of - n * DAY: self._tier(customer, as_of - n * DAY, as_of) for n in range(self.look_back_days + 1)}
        since = as_of
        while tiers.get(since - DAY) == tiers[as_of]:
            since -= DAY
        orders, visits = customer.known(as_of)
        p_alive, rate = judged(self.process(monday(as_of)), customer, as_of)
        return {
            "customer_id": name,
            "tier": tiers[as_of],
            "p_alive": p_alive,
            "expected_rate_per_day": rate,
            "last_visit_date": visits[-1] if visits else None,
            "tier_since": since if orders else None,
            **dict(zip(("tier_reason", "tier_reason_zh"), self._reasons(customer, tiers[as_of], as_of), strict=True)),
        }

    def _reviewed(self, customer, day, as_of):
        review_day = customer.review_day(day, self.stay_days)
        week = monday(as_of) if review_day >= monday(as_of) else monday(as_of) - 7 * DAY
        return review_day, *judged(self.process(week), customer, review_day)

    def _tier(self, customer, day, as_of):
        words, (orders, visits) = self.words, customer.known(day)
        if not orders:
            return "prospect"
        seen = max([orders[-1], *visits])
        if (day - orders[-1]).days > words.lapsed_days:
            return "churn_warning" if (day - seen).days <= words.recent_days else "dormant"
        review_day, p_alive, rate = self._reviewed(customer, day, as_of)
        if p_alive is None:
            known_days = max((review_day - orders[0]).days, 1)
            goes_on, rate = (day - seen).days <= words.recent_days, (len(customer.known(review_day)[0]) - 1) / known_days
        else:
            goes_on = p_alive >= 0.5
        if not goes_on and (day - seen).days > self.stay_days:
            is_recent = p_alive is None or (day - seen).days <= words.recent_days
            return "churn_warning" if is_recent else "dormant"
        if len(orders) == 1 and (day - orders[0]).days <= words.recent_days:
            return "new"
        if rate >= words.high_rate_per_day:
            return "high_value"
        return "potential" if len(orders) == 1 else "returning"

    def _reasons(self, customer, tier, day):
        words, (orders, visits) = self.words, customer.known(day)
        if not orders:
            return "nothing bought in the window", "统计窗口内没有购买"

        def days(n):
            return f"{n} day" if n == 1 else f"{n} days"

        ago, age, seen = (day - orders[-1]).days, (day - orders[0]).days, (day - max([orders[-1], *visits])).days
        if tier == "new":
            return (
                f"first bought {days(age)} ago, within {days(words.recent_days)}",
                f"首次购买距今 {age} 天，在 {words.recent_days} 天之内",
            )
        n = len(orders)
        parts = [
            (f"bought once, {days(ago)} ago", f"仅购买一次，距今 {ago} 天")
            if n == 1
            else (f"{n} orders, the last {days(ago)} ago", f"共 {n} 笔订单，最近一笔距今 {ago} 天")
        ]
        has_visited = bool(visits) and visits[-1] > orders[-1]
        visit = (
            (f"last visit {days(seen)} ago", f"最近一次访问距今 {seen} 天") if has_visited else ("no visit since", "此后没有访问")
        )
        review_day, p_alive, rate = self._reviewed(customer, day, day)
        if ago > words.lapsed_days:
            lapsed = (f"nothing bought for more than {days(words.lapsed_days)}", f"超过 {words.lapsed_days} 天未购买")
            parts += [visit, lapsed]
        elif p_alive is None:
            parts += [visit, ("too few repeat purchases in the shop to learn from", "店铺的复购太少，无从估计")]
        else:
            if tier in ("churn_warning", "dormant"):
                percent, percent_zh = (
                    ("less than 1", "不到 1") if p_alive < 0.01 else (floor(p_alive * 100), f"为 {floor(p_alive * 100)}")
                )
                probability = f"still a customer with a probability of {percent} %"
                parts += [visit, (probability, f"仍为活跃客户的概率{percent_zh} %")]
            else:
                bought, least = f"{rate * 30:.1f}", f"{words.high_rate_per_day * 30:.1f}"
                parts.append((
                    f"{bought} purchases expected in 30 days, high value from {least}",
                    f"预计 30 天内购买 {bought} 次，高价值从 {least} 次起",
                ))
            if review_day < day:
                older = (day - review_day).days
                parts.append((f"reviewed {days(older)} ago", f"{older} 天前评估"))
        return "; ".join(one for one, _ in parts), "；".join(zh for _, zh in parts)
