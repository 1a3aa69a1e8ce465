"""Retention and life cycle in plain Python, day by day and person by person: the oracle of gold.retention and gold.lifecycle."""

from datetime import date, timedelta
from itertools import pairwise

START = {"day": lambda d: d, "week": lambda d: d - timedelta(days=d.weekday()), "month": lambda d: d.replace(day=1)}
DAY = timedelta(days=1)


def after(start, period, n):
    """The first day of the n-th interval after the one that begins on `start`."""
    if period == "month":
        months = start.year * 12 + start.month - 1 + n
        return date(months // 12, months % 12 + 1, 1)
    return start + n * (DAY if period == "day" else 7 * DAY)


def retention(histories, *, as_of, followed, least, spends=None):
    """(period, kind, start, measure, from) → (n_customers, n_active or None, revenue or None).

    `histories` is customer → set of days, `spends` customer → {day: amount}; without it there is no revenue.
    """
    found = {}
    for period, (shown, longest, ends) in followed.items():
        begin = START[period]
        newest = begin(as_of - DAY)
        starts = [after(newest, period, -n) for n in range(shown)]
        cells = [("bounded", n, n) for n in range(longest + 1)] + [("unbounded", n, None) for n in range(longest + 1)]
        cells += [("bracket", first + 1, last) for first, last in pairwise((-1, *ends))]
        for kind in ("first", "recurring"):
            for start in starts:
                members = [
                    person
                    for person, days in histories.items()
                    if (begin(min(days)) == start if kind == "first" else any(begin(day) == start for day in days))
                ]
                if len(members) < max(least, 1):
                    continue
                stickiness = range(1, {"day": 1, "week": 8, "month": 32}[period]) if kind == "recurring" else ()
                for measure, first, last in [*cells, *(("stickiness", n, n) for n in stickiness)]:
                    end = after(start, period, 1 if measure == "stickiness" else (first if last is None else last) + 1)
                    if end > as_of:
                        found[period, kind, start, measure, first] = (len(members), None, None)
                        continue
                    since, until = after(start, period, first), as_of if last is None else end

                    def within(person, since=since, until=until):
                        return [day for day in histories[person] if since <= day < until]

                    if measure == "stickiness":
                        n = sum(sum(begin(day) == start for day in histories[person]) == first for person in members)
                    else:
                        n = sum(bool(within(person)) for person in members)
                    amount = None
                    if spends is not None and measure == "bounded":
                        paid = [spends[person][day] for person in members for day in within(person) if day in spends[person]]
                        n_paid = sum(any(day in spends[person] for day in within(person)) for person in members)
                        amount = sum(paid) if n_paid == 0 or n_paid >= least else None
                    found[period, kind, start, measure, first] = (len(members), n, amount)
    return found


def by_interval(histories, *, as_of, followed):
    """(period, start, state) → customers, or None where it is open."""
    found = {}
    for period, (shown, *_) in followed.items():
        begin = START[period]
        first_ever = begin(min(min(days) for days in histories.values()))
        for n in range(shown):
            start = after(begin(as_of - DAY), period, -n)
            if start < first_ever:
                break
            states = dict.fromkeys(("new", "returning", "resurrecting", "dormant"), 0)
            for days in histories.values():
                intervals = {begin(day) for day in days}
                now, before = start in intervals, after(start, period, -1) in intervals
                if now and start == min(intervals):
                    states["new"] += 1
                elif now:
                    states["returning" if before else "resurrecting"] += 1
                elif before:
                    states["dormant"] += 1
            is_open = after(start, period, 1) > as_of
            found |= {(period, start, state): None if is_open else count for state, count in states.items()}
    return found


def state_on(days, day):
    """The daily state of somebody with these active days; (none) before the first."""
    past = sorted(one for one in days if one <= day)
    if not past:
        return "(none)"
    if past[-1] == day:
        if len(past) == 1:
            return "new"
        gap = (day - past[-2]).days
        return "current" if gap <= 7 else "reactivated" if gap <= 30 else "resurrected"
    gap = (day - past[-1]).days
    return "at_risk_wau" if gap <= 7 else "at_risk_mau" if gap <= 30 else "dormant"


def flows(histories, *, as_of, n_days):
    """(day, from_state, state) → customers, of the days before the as_of."""
    found = {}
    for n in range(1, n_days + 1):
        day = as_of - n * DAY
        for days in histories.values():
            key = day, state_on(days, day - DAY), state_on(days, day)
            if key[2] != "(none)":
                found[key] = found.get(key, 0) + 1
    return found
