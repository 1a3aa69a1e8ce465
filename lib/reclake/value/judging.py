"""How good a model of purchases is on days that it has not seen: held-out likelihood, normalised Gini, deciles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .histories import Floats, Histories, NotFitted
from .purchasing import MODELS, ModelName, Purchasing, fitted, log_likelihood

N_DECILES = 10
_EQUAL = 0.01  # log-likelihoods that differ by less are equal: where nobody stops, both models are the same


@dataclass(frozen=True, slots=True)
class Judged:
    """One model: fitted on everything and on the calibration days, and its likelihoods; a reason for each part that failed."""

    name: ModelName
    whole: Purchasing | None
    calibration: Purchasing | None
    likelihood: float | None
    held_out: float | None  # log density of the held-out purchases given those before, by the calibration parameters
    reason: str | None  # why there is no `whole`
    held_out_reason: str | None


def judged(name: ModelName, whole: Histories, before: Histories, after: Histories) -> Judged:
    """A model on three views of the customers.

    Parameters
    ----------
    whole
        All customers, observed to the end.
    before, after
        Those who had bought by the split: observed to the split, and the same ones observed to the end. The likelihood of
        `after` over that of `before` is the density of the purchases between, given those before.
    """
    model, reason = _attempt(name, whole)
    calibration, held_out_reason = _attempt(name, before)
    likelihood = log_likelihood(model, whole) if model else None
    held_out = log_likelihood(calibration, after) - log_likelihood(calibration, before) if calibration else None
    return Judged(name, model, calibration, likelihood, held_out, reason, held_out_reason)


def _attempt(name: ModelName, histories: Histories) -> tuple[Purchasing | None, str | None]:
    try:
        return fitted(name, histories), None
    except NotFitted as reason:
        return None, str(reason)


@dataclass(frozen=True, slots=True)
class Choice:
    """The models by name, the one that is used, and by what it was chosen: held_out, likelihood, only, or none."""

    models: dict[ModelName, Judged]
    name: ModelName | None
    chosen_by: str

    @property
    def used(self) -> Judged | None:
        """The model that is used."""
        return self.models[self.name] if self.name else None

    @property
    def reason(self) -> str | None:
        """Why no model is used."""
        if self.name:
            return None
        reasons = {name: one.reason for name, one in self.models.items() if one.reason}
        if len(set(reasons.values())) == 1:
            return next(iter(reasons.values()))
        return "; ".join(f"{name}: {reason}" for name, reason in reasons.items())


def choice(whole: Histories, before: Histories, after: Histories) -> Choice:
    """The model of the greater held-out likelihood; MBG/NBD where they are equal, as it lets one-time buyers leave.

    Where the days before the split are too few to judge both models, the likelihood of everything decides: both have four
    parameters. Where only one model can be fitted, it is used.
    """
    models = {name: judged(name, whole, before, after) for name in MODELS}
    usable = [one for one in models.values() if one.whole]
    if len(usable) < len(models):
        return Choice(models, usable[0].name if usable else None, "only" if usable else "none")
    is_judged = all(one.held_out is not None for one in usable)
    values = {one.name: (one.held_out if is_judged else one.likelihood) or 0.0 for one in usable}
    is_bg_better = values["bg_nbd"] > values["mbg_nbd"] + _EQUAL
    return Choice(models, "bg_nbd" if is_bg_better else "mbg_nbd", "held_out" if is_judged else "likelihood")


@dataclass(frozen=True, eq=False)
class Buckets:
    """Customers of like forecast, joined, in ascending order: how many, and the sums of what was expected and what came."""

    n_customers: Floats
    expected: Floats
    actual: Floats


def gini(n_customers: Floats, amounts: Floats) -> float:
    """Twice the area between the line of equality and the curve of cumulated amounts, in the order given.

    Examples
    --------
    >>> round(gini(np.ones(4), np.array([0.0, 0.0, 0.0, 8.0])), 4)
    0.75
    """
    customers = np.concatenate([[0.0], np.cumsum(n_customers) / n_customers.sum()])
    shares = np.concatenate([[0.0], np.cumsum(amounts) / amounts.sum()])
    return float(1 - np.diff(customers) @ (shares[1:] + shares[:-1]))


def normalised_gini(by_forecast: Buckets, by_actual: Buckets) -> float | None:
    """The Gini of what came, customers in order of the forecast, over that in order of what came: 1 is a perfect order, 0 none.

    None where nothing came, or the same of everybody. Equal forecasts lie in one bucket, so ties count half.

    References
    ----------
    Wang, Liu, Miao: A Deep Probabilistic Model for Customer Lifetime Value Prediction, 2019, section 4.
    """
    if by_forecast.actual.sum() <= 0:
        return None
    best = gini(by_actual.n_customers, by_actual.actual)
    return gini(by_forecast.n_customers, by_forecast.actual) / best if best > 1e-12 else None


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of the customers by forecast, 1 the lowest: means per customer."""

    decile: int
    n_customers: int
    expected: float
    actual: float


def deciles(buckets: Buckets) -> list[Decile]:
    """Buckets by the mid-rank of their customers; equal forecasts share a decile, so deciles differ in size, and one may miss."""
    n = buckets.n_customers
    whole = n.sum()
    middle = np.cumsum(n) - n / 2
    places = np.minimum(np.floor(N_DECILES * middle / whole).astype(int), N_DECILES - 1) if whole else np.zeros(0, dtype=int)
    found = []
    for place in np.unique(places):
        chosen = places == place
        size = n[chosen].sum()
        means = (buckets.expected[chosen].sum() / size, buckets.actual[chosen].sum() / size)
        found.append(Decile(int(place) + 1, int(size), *(float(mean) for mean in means)))
    return found
