"""Union-find in memory."""

from collections.abc import Collection
from typing import Generic, TypeVar

T = TypeVar("T")


class Groups(Generic[T]):
    """Disjoint groups that grow by joining two members.

    Examples
    --------
    >>> groups = Groups[str]()
    >>> for left, right in (("a", "b"), ("c", "d"), ("b", "e"), ("f", "f")):
    ...     groups.join(left, right)
    >>> [sorted(members) for members in groups.members()]
    [['a', 'b', 'e'], ['c', 'd'], ['f']]
    """

    def __init__(self) -> None:
        self._parents: dict[T, T] = {}
        self._sizes: dict[T, int] = {}

    def join(self, left: T, right: T) -> None:
        """Make one group of the two members' groups; who was unknown becomes a member."""
        small, large = sorted((self._root(left), self._root(right)), key=lambda root: self._sizes[root])
        if small != large:
            self._parents[small] = large
            self._sizes[large] += self._sizes[small]

    def members(self) -> Collection[list[T]]:
        """All groups, each with its members in the order in which they came."""
        found: dict[T, list[T]] = {}
        for member in self._parents:
            found.setdefault(self._root(member), []).append(member)
        return found.values()

    def _root(self, member: T) -> T:
        if member not in self._parents:
            self._parents[member] = member
            self._sizes[member] = 1
        while self._parents[member] != member:
            # Halving the path on the way keeps later searches short.
            self._parents[member] = self._parents[self._parents[member]]
            member = self._parents[member]
        return member
