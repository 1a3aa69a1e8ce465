"""Answers that a worker keeps for texts that come again: so many, of so many characters, and for no longer than it lives."""

from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import signature
from typing import TypeVar

LONGEST = 512  # characters; a user agent has about 120, a login or phone fewer
T = TypeVar("T")


def kept_if_short(maxsize: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Keep the last `maxsize` answers of a function of one or two texts; one that is asked about longer ones is asked each time.

    Whoever sends text may send a megabyte of it: kept by the ten thousand they would fill the worker's memory, and a worker's
    memory is the only place where contacts, ids and user agents stand in clear behind bronze.

    Examples
    --------
    >>> asked = []
    >>> @kept_if_short(2)
    ... def size(text: str) -> int:
    ...     asked.append(len(text))
    ...     return len(text)
    >>> [size(text) for text in ("a", "a", "b" * 600, "b" * 600)], asked
    ([1, 1, 600, 600], [1, 600, 600])
    """

    def decorated(function: Callable[..., T]) -> Callable[..., T]:
        kept = lru_cache(maxsize=maxsize)(function)

        # Asked for each id of each record: a signature for any number of texts would take four times as long.
        @wraps(function)
        def of_one(text: str) -> T:
            return kept(text) if len(text) <= LONGEST else function(text)

        @wraps(function)
        def of_two(first: str, second: str) -> T:
            return kept(first, second) if len(first) + len(second) <= LONGEST else function(first, second)

        return of_one if len(signature(function).parameters) == 1 else of_two

    return decorated
