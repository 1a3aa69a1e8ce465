"""Purchase histories as grouped sufficient statistics: customers with equal histories are one row with a count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class NotFitted(ValueError):
    """Data or an optimum to which no model can be fitted; the message is the reason, for people to read."""


@dataclass(frozen=True, eq=False)
class Histories:
    """Groups of customers: repeats x, time of the last repeat t_x, age T, and how many customers share them.

    Times count from the first purchase, all in one unit. One day's purchases count once, and the first one is no repeat.
    A coarse group holds the means of its members, so `repeats` need not be whole.
    """

    repeats: Floats  # (n groups,)
    last_repeat: Floats  # (n groups,); 0 without a repeat
    age: Floats  # (n groups,)
    n_customers: Floats  # (n groups,)

    def __post_init__(self) -> None:
        if not len(self.repeats) == len(self.last_repeat) == len(self.age) == len(self.n_customers):
            raise ValueError("the columns of histories have different lengths")
        is_sound = (self.repeats >= 0) & (self.last_repeat >= 0) & (self.last_repeat <= self.age) & (self.n_customers > 0)
        if not (is_sound & ((self.repeats > 0) | (self.last_repeat == 0))).all():
            raise ValueError("a history needs x ≥ 0, 0 ≤ t_x ≤ T, t_x = 0 without a repeat, and a customer")

    @property
    def n(self) -> int:
        """Customers."""
        return int(self.n_customers.sum())

    def where(self, chosen: npt.NDArray[np.bool_]) -> Histories:
        """Some of the groups."""
        return Histories(self.repeats[chosen], self.last_repeat[chosen], self.age[chosen], self.n_customers[chosen])


def grouped(repeats: npt.ArrayLike, last_repeat: npt.ArrayLike, age: npt.ArrayLike) -> Histories:
    """Histories of customers, one element each, in groups of equal ones and in a fixed order.

    Examples
    --------
    >>> found = grouped([0, 2, 0], [0, 5, 0], [9, 9, 9])
    >>> found.repeats.tolist(), found.n_customers.tolist()
    ([0.0, 2.0], [2.0, 1.0])
    """
    rows = np.column_stack([np.asarray(one, dtype=np.float64) for one in (repeats, last_repeat, age)])
    groups, counts = np.unique(rows, axis=0, return_counts=True)
    return Histories(groups[:, 0], groups[:, 1], groups[:, 2], counts.astype(np.float64))


def joined(histories: Histories, cells: float) -> Histories:
    """Fewer groups of nearly the same: those whose times agree to 1/cells of a unit and whose repeats agree to a fifth.

    A joined group holds the means of its members.
    """
    x, gap = histories.repeats, histories.age - histories.last_repeat
    keys = np.column_stack([np.floor(np.log1p(x) * 5), np.floor(gap * cells), np.floor(histories.age * cells)])
    _, place = np.unique(keys, axis=0, return_inverse=True)
    n = np.bincount(place, weights=histories.n_customers).astype(np.float64)
    columns = (x, histories.last_repeat, histories.age)
    repeats, last_repeat, age = (np.bincount(place, weights=histories.n_customers * one) / n for one in columns)
    # Rounding must not part what is equal: a mean of last repeats stays within that of ages.
    return Histories(repeats, np.minimum(last_repeat, age), age, n)


def require_variety(histories: Histories) -> None:
    """Refuse customers that teach nothing about how customers differ.

    Raises
    ------
    NotFitted
        For no customer, one, nobody who bought again, equal histories, or no time to observe.
    """
    if not histories.n:
        raise NotFitted("nobody has bought yet")
    if histories.n == 1:
        raise NotFitted("only one customer has bought")
    if not histories.age.any():
        raise NotFitted("all customers bought for the first time on the last day")
    if not histories.repeats.any():
        raise NotFitted("nobody has bought on a second day")
    if len(histories.repeats) == 1:
        raise NotFitted("all customers have the same history")
