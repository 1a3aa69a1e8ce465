"""Funnels read plainly: a state machine that walks from every start. An oracle, which shares no code with the product."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """An event: its moment, and the numbers of the steps that it matches; `excludes` where it drops who does it."""

    at: int
    steps: frozenset = frozenset()
    excludes: bool = False


def walk(events, start, mode, n_steps, until):
    """The places of the chain from one start, read event by event."""
    if mode == "any":
        places = {}
        for place in range(start, len(events)):
            if events[place].at > until:
                break
            for step in events[place].steps:
                places.setdefault(step, place)
        return sorted(places.values())
    places = [start]
    for place in range(start + 1, len(events)):
        event, wanted = events[place], len(places)
        if event.at > until or wanted == n_steps:
            break
        rises = mode != "increase" or event.at > events[places[-1]].at
        if wanted in event.steps and rises:
            places.append(place)
        elif _ends(event, mode, wanted):
            break
    return places


def _ends(event, mode, wanted):
    if mode == "dedup":
        return any(step < wanted for step in event.steps)
    return mode == "strict" or (mode == "fixed" and bool(event.steps))


def is_start(event, mode):
    return bool(event.steps) if mode == "any" else 0 in event.steps


def reached(events, mode, n_steps, window):
    """The longest chain over all starts, as its places; the earliest of those that are as long. None without a start."""
    found = [walk(events, start, mode, n_steps, event.at + window) for start, event in enumerate(events) if is_start(event, mode)]
    return max(found, key=len, default=None)


def searched(events, n_steps, window, *, rises=False):
    """The longest chain by trying every choice of events, not the earliest alone: ordered and increase only."""
    best = 0

    def on(place, step, until):
        nonlocal best
        best = max(best, step)
        if step == n_steps:
            return
        for later in range(place + 1, len(events)):
            event = events[later]
            if event.at <= until and step in event.steps and (not rises or event.at > events[place].at):
                on(later, step + 1, until)

    for start, event in enumerate(events):
        if 0 in event.steps:
            on(start, 1, event.at + window)
    return best


def fate(events, mode, n_steps, window, as_of, exclusions=()):
    """converted, open, lost or excluded, with the steps reached; None without an entry.

    `exclusions` are pairs of steps, from 0, between which an excluding event must not lie.
    """
    chain = reached(events, mode, n_steps, window)
    if chain is None:
        return None
    until = events[chain[0]].at + window
    for after, before in exclusions:
        if len(chain) <= after:
            continue
        end = chain[before] if len(chain) > before else len(events)
        between = events[chain[after] + 1 : end]
        if any(event.excludes and event.at <= until for event in between):
            return "excluded", len(chain)
    latest = max(event.at for event in events if is_start(event, mode))
    if len(chain) == n_steps:
        return "converted", len(chain)
    return ("open" if latest + window >= as_of else "lost"), len(chain)


GAP = 1800
DAY_SECONDS = 86_400


def counts(history, funnel, *, as_of, window):
    """What a funnel counts of one customer's events, in order: Counter over plain tuples.

    An event is a dict of at (seconds), kind, channel, product, device. `funnel` holds unit, mode, n_steps, steps (kind →
    numbers of steps), excludes (kinds), exclusions, linked, breakdowns; `window` is seconds, or None for the natural day.
    """
    found = Counter()
    decided = {}
    for unit, cut in _units(history, funnel):
        for chain, start_day in _chains(cut, funnel, window):
            entry_day = unit[1] // DAY_SECONDS if funnel["unit"] == "session" else start_day
            for period, first_day in (("day", entry_day), ("week", _monday(entry_day)), ("window", 0)):
                decided.setdefault((unit, period, first_day), []).append(chain)
    for (_, period, first_day), chains in decided.items():
        chain = max(chains, key=lambda one: (len(one.places), -one.places[0]))
        latest = max(one.until for one in chains)
        _count(found, history, funnel, chain, latest, as_of=as_of, place=(period, first_day))
    return found


@dataclass(frozen=True)
class _Chain:
    places: tuple  # in the customer's history
    until: int
    excluded: bool


def _monday(day):
    return day - (day + 3) % 7


def _until(event, window):
    return event["at"] + window if window is not None else (event["at"] // DAY_SECONDS + 1) * DAY_SECONDS - 1


def _units(history, funnel):
    """Unit, and the places of its events, once for each linked value."""
    cuts = {}
    last, number = {}, {}
    for place, event in enumerate(history):
        unit = ()
        if funnel["unit"] == "session":
            device = event["device"]
            if device is None:
                continue
            if device not in last or event["at"] - last[device] > GAP:
                number[device] = event["at"]
            last[device] = event["at"]
            unit = (device, number[device])
        elif funnel["unit"] == "customer_product":
            if event["product"] is None:
                continue
            unit = (event["product"],)
        value = event[funnel["linked"]] if funnel["linked"] else ""
        if value is not None:
            cuts.setdefault((unit, value), []).append(place)
    return [(unit, places) for (unit, _), places in cuts.items()]


def _chains(history_places, funnel, window):
    history, places = funnel["history"], history_places
    if "order" not in funnel["steps"]:
        places = [place for place in places if history[place]["kind"] != "order"]
    events = [
        Seen(
            history[place]["at"],
            frozenset(funnel["steps"].get(history[place]["kind"], ())),
            history[place]["kind"] in funnel["excludes"],
        )
        for place in places
    ]
    for start, event in enumerate(events):
        if not is_start(event, funnel["mode"]):
            continue
        until = _until(history[places[start]], window)
        chain = walk(events, start, funnel["mode"], funnel["n_steps"], until)
        excluded = False
        for after, before in funnel["exclusions"]:
            if len(chain) > after:
                end = chain[before] if len(chain) > before else len(events)
                excluded |= any(one.excludes and one.at <= until for one in events[chain[after] + 1 : end])
        yield _Chain(tuple(places[place] for place in chain), until, excluded), event.at // DAY_SECONDS


def _count(found, history, funnel, chain, latest, *, as_of, place):
    n_steps, depth = funnel["n_steps"], len(chain.places)
    state = "excluded" if chain.excluded else "converted" if depth == n_steps else "open" if latest >= as_of else "lost"
    start = history[chain.places[0]]
    dimensions = [("all", "all"), *((name, start[name.removesuffix("_id")] or "unknown") for name in funnel["breakdowns"])]
    for dimension in dimensions:
        found["units", *place, *dimension, depth, state, latest < as_of] += 1
        if state != "excluded" and (dimension[0] == "all" or place[0] == "window"):
            for step in range(1, depth):
                times = [history[one]["at"] for one in chain.places]
                found["step_seconds", *place, *dimension, step + 1, times[step] - times[step - 1]] += 1
                found["total_seconds", *place, *dimension, step + 1, times[step] - times[0]] += 1
        found["customers", *place, *dimension] = 1
        if state == "lost":
            found["lost_customers", *place, *dimension, depth] = 1
    if place[0] == "window" and state == "lost":
        after = [one for one in history[chain.places[-1] + 1 :] if one["at"] <= chain.until]
        here = history[chain.places[-1]]["channel"]
        went = "left" if not after else after[0]["kind"] if after[0]["channel"] == here else "other_channel"
        found["next", depth, went] += 1
        found["later", depth, "other_channel" if any(one["channel"] != here for one in after) else "no_other_channel"] += 1
