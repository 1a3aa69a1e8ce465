"""Accounts joined edge by edge, the strongest first, within what one person can be."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from reclake.identity.evidence import LINKED, STRENGTH

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two accounts that hold one key, and how strongly each does: a place in STRENGTH, 0 the strongest."""

    key: str
    one: str
    other: str
    of_one: int
    of_other: int
    weight: float | None = None  # of a likely pair, in bits

    @property
    def strength(self) -> int:
        """That of the weaker end."""
        return max(self.of_one, self.of_other)

    @property
    def is_likely(self) -> bool:
        """Whether it is a probabilistic link, which gives way to every other."""
        return STRENGTH[self.strength] == LINKED


@dataclass(frozen=True, slots=True)
class Rules:
    """What no group may be.

    A probabilistic link joins no two groups that have an account in one shop each, as one person has one account there
    (docs/decisions/0013), and none that would be too many accounts together.
    """

    apart: Collection[Pair] = ()  # accounts that must not be in one group, by decision
    shops: Mapping[str, str | None] | None = None  # account → its shop; null for none
    max_accounts: int | None = None  # of one person; None for any number

    def is_too_many(self, n_accounts: int) -> bool:
        """Whether one person has fewer accounts."""
        return self.max_accounts is not None and n_accounts > self.max_accounts


def edges_of(key: str, holders: Mapping[str, int | None], order: Mapping[str, Any], weight: float | None = None) -> list[Edge]:
    """Every pair of the accounts that hold the key, the earlier delivered one first.

    Parameters
    ----------
    holders
        Account → strength; null of a device's own account, which is linked by the strongest that the others bring.
    """
    if len(holders) < 2:
        return []
    best = min(strength for strength in holders.values() if strength is not None)
    strengths = {account: best if strength is None else strength for account, strength in holders.items()}
    members = sorted(holders, key=lambda account: order[account])
    return [Edge(key, one, other, strengths[one], strengths[other], weight) for one, other in combinations(members, 2)]


def in_order(edges: Iterable[Edge], order: Mapping[str, Any]) -> list[Edge]:
    """The strongest first; of likely links the one of the greatest weight; else the accounts that were delivered first."""
    return sorted(edges, key=lambda e: (e.strength, -(e.weight or 0.0), order[e.one], order[e.other], e.key))


class Joined:
    """Groups of accounts that grow by edges, but never beyond the rules.

    Examples
    --------
    >>> joined = Joined(["a", "b", "c"], Rules(apart=[("a", "c")]))
    >>> [joined.join(Edge("phone|1", one, other, 3, 3)) for one, other in (("a", "b"), ("b", "c"))]
    [True, False]
    >>> sorted(map(sorted, joined.groups()))
    [['a', 'b'], ['c']]
    """

    def __init__(self, accounts: Iterable[str], rules: Rules) -> None:
        self._group_of: dict[str, set[str]] = {account: {account} for account in accounts}
        self._rules = rules

    def join(self, edge: Edge) -> bool:
        """Make one group of the two ends' groups; False where a rule forbids it, and True where they are one already."""
        one, other = self._group_of[edge.one], self._group_of[edge.other]
        if one is other:
            return True
        if self._are_apart(one, other) or (edge.is_likely and self._would_be_two_people(one, other)):
            return False
        small, large = sorted((one, other), key=len)
        large |= small
        for account in small:
            self._group_of[account] = large
        return True

    def is_together(self, edge: Edge) -> bool:
        """Whether its ends are in one group."""
        return self._group_of[edge.one] is self._group_of[edge.other]

    def group_of(self, account: str) -> set[str]:
        """The accounts that are with this one."""
        return self._group_of[account]

    def groups(self) -> Sequence[set[str]]:
        """All groups, each once."""
        return list({id(group): group for group in self._group_of.values()}.values())

    def _are_apart(self, one: set[str], other: set[str]) -> bool:
        return any((left in one and right in other) or (left in other and right in one) for left, right in self._rules.apart)

    def _would_be_two_people(self, one: set[str], other: set[str]) -> bool:
        shops = self._rules.shops or {}
        of_one = {shops.get(account) for account in one} - {None}
        of_other = {shops.get(account) for account in other} - {None}
        return bool(of_one & of_other) or self._rules.is_too_many(len(one) + len(other))
