"""When people come, buy and stop: the BG/NBD process, and the visits around it.

References
----------
P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
Model, Marketing Science 24 (2005), section 3: after its first purchase a customer buys with a rate λ ~ Gamma(r, α) and
stops after each repeat purchase with a probability p ~ Beta(a, b).
"""

from dataclasses import dataclass
from math import inf

from .draws import Draws, cumulated
from .people import Person, channel_cumulative
from .settings import DemoSettings, OnlineChannelSettings

STEPS = ("visit", "view", "cart", "checkout", "purchase")


@dataclass(frozen=True, slots=True)
class Life:
    """A person's process; times are days since the start of the first day."""

    first_at: float  # first purchase, or first visit of a visitor
    rate_per_day: float  # λ; of visits for a visitor
    dropout_probability: float
    purchases_at: tuple[float, ...]  # up to the end of the days that are told
    stopped_at: float  # infinite while it goes on


@dataclass(frozen=True, slots=True)
class Visit:
    """A coming to one channel, online or shop."""

    name: str  # unique for the person
    at: float
    channel: str
    reached: str  # the last step of the funnel
    is_first_purchase: bool


def life(settings: DemoSettings, person: Person, *, until: float) -> Life:
    """The person's process up to `until`; a later end only adds to it."""
    draws = Draws(settings.seed, "life", person.number)
    spread = settings.life.early_days if draws.chance(settings.life.early_share) else settings.life.arrival_days
    first_at = draws.between(0.0, spread)
    if person.is_visitor:
        stay = draws.exponential(settings.life.visitor_stay_days)
        return Life(first_at, settings.life.visitor_visits_per_day, 0.0, (), first_at + stay)
    rate = max(draws.gamma(settings.life.rate_shape, 1.0 / settings.life.rate_scale_days), 1e-6)
    dropout = draws.beta(settings.life.dropout_a, settings.life.dropout_b)
    purchases, stopped_at, at = [first_at], inf, first_at + draws.exponential(1.0 / rate)
    while at < until:
        purchases.append(at)
        if draws.chance(dropout):
            stopped_at = at
            break
        at += draws.exponential(1.0 / rate)
    return Life(first_at, rate, dropout, tuple(p for p in purchases if p < until), stopped_at)


def visits(settings: DemoSettings, person: Person, lived: Life, *, until: float) -> list[Visit]:
    """The purchases, each on a channel, and the visits that end before one, by time.

    Visits to channel c arrive with rate λ·s_c/f_c and convert with probability f_c, so purchases arrive with λ·s_c. What
    converts and what does not are independent processes: the second has rate λ·s_c·(1 − f_c)/f_c while the person lives.
    """
    told = [*_purchases(settings, person, lived), *_looks(settings, person, lived, until=until)]
    return sorted(told, key=lambda visit: (visit.at, visit.name))


def _purchases(settings: DemoSettings, person: Person, lived: Life) -> list[Visit]:
    weights = channel_cumulative(settings, person.channels)
    draws = Draws(settings.seed, "purchase channel", person.number)
    return [
        Visit(f"o{number}", at, person.channels[draws.index(weights)], "purchase", number == 0)
        for number, at in enumerate(lived.purchases_at)
    ]


def _looks(settings: DemoSettings, person: Person, lived: Life, *, until: float) -> list[Visit]:
    online = tuple(channel for channel in person.channels if channel != "pos")
    if not online:
        return []
    rates = [_look_rate(settings, person, lived, channel) for channel in online]
    channel_weights, rate = cumulated(rates), sum(rates)
    stops = {channel: stop_weights(settings.channels.online(channel), can_buy=not person.is_visitor) for channel in online}
    draws = Draws(settings.seed, "looks", person.number)
    looks: list[Visit] = []
    at = lived.first_at if person.is_visitor else lived.first_at + draws.exponential(1.0 / rate)
    while at < min(until, lived.stopped_at):
        channel = online[draws.index(channel_weights)]
        looks.append(Visit(f"v{len(looks)}", at, channel, STEPS[draws.index(stops[channel])], is_first_purchase=False))
        at += draws.exponential(1.0 / rate)
    return looks


def _look_rate(settings: DemoSettings, person: Person, lived: Life, channel: str) -> float:
    weights: dict[str, float] = {used: getattr(settings.channels, used).weight for used in person.channels}
    share = weights[channel] / sum(weights.values())
    if person.is_visitor:
        return lived.rate_per_day * share
    converted = settings.channels.online(channel).conversion
    return lived.rate_per_day * share * (1.0 - converted) / converted


def stop_weights(channel: OnlineChannelSettings, *, can_buy: bool) -> tuple[float, ...]:
    """Cumulated weights of the last step before a purchase; who cannot buy stops at the checkout instead."""
    reached = [1.0, channel.view, channel.view * channel.cart, channel.view * channel.cart * channel.checkout]
    last = reached[3] * (1.0 - channel.purchase) if can_buy else reached[3]
    return cumulated([reached[0] - reached[1], reached[1] - reached[2], reached[2] - reached[3], last])
