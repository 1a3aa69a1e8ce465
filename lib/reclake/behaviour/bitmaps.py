"""Sets of customer numbers as bytes, in the portable format of Roaring bitmaps; written and read with numpy alone.

Many databases and libraries read this format, among them the one that comes with Spark, which the tests compare with.

References
----------
Lemire, Kai, Kaser et al., Roaring Bitmaps: Implementation of an Optimized Software Library, 2018; the layout of the bytes is
the Roaring Bitmap format specification, without run containers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_COOKIE = 12_346  # a bitmap without run containers
_BITS = 1 << 16  # numbers of one container: they share the upper 16 bits
_ARRAY_MOST = 4_096  # a container of more numbers is stored as 65,536 bits
_LARGEST = (1 << 32) - 1

Numbers = NDArray[np.int64]


def packed(numbers: Numbers) -> bytes:
    """The set of the numbers, which ascend and differ.

    Raises
    ------
    ValueError
        When a number is below 0 or above 2^32 - 1, or they do not ascend.

    Examples
    --------
    >>> members(packed(np.array([1, 70_000, 70_001]))).tolist()
    [1, 70000, 70001]
    """
    if len(numbers) and (numbers[0] < 0 or numbers[-1] > _LARGEST or (np.diff(numbers) <= 0).any()):
        raise ValueError("a bitmap holds numbers from 0 to 2^32 - 1 that ascend")
    high = numbers >> 16
    begins = np.flatnonzero(np.append(True, high[1:] != high[:-1])) if len(numbers) else np.empty(0, dtype=np.int64)
    ends = np.append(begins, len(numbers))[1:]
    containers = [_container((numbers[begin:end] & (_BITS - 1)).astype("<u2")) for begin, end in zip(begins, ends, strict=True)]
    heads = np.empty((len(begins), 2), dtype="<u2")
    heads[:, 0], heads[:, 1] = high[begins], ends - begins - 1
    first = 8 + 8 * len(containers)
    offsets = first + np.cumsum([0, *map(len, containers)])[:-1]
    start = np.array([_COOKIE, len(containers)], dtype="<u4").tobytes()
    return b"".join((start, heads.tobytes(), offsets.astype("<u4").tobytes(), *containers))


def _container(low: NDArray[np.uint16]) -> bytes:
    """One container: a list of its numbers, or a bit for each that it could hold."""
    if len(low) <= _ARRAY_MOST:
        return low.tobytes()
    bits = np.zeros(_BITS, dtype=np.bool_)
    bits[low] = True
    return np.packbits(bits, bitorder="little").tobytes()


def n_members(bitmap: bytes) -> int:
    """How many numbers the set holds, from its head alone.

    Examples
    --------
    >>> n_members(packed(np.arange(5_000)))
    5000
    """
    heads = _heads(bitmap)
    return int(heads[:, 1].sum()) + len(heads)


def members(bitmap: bytes) -> Numbers:
    """The numbers, ascending."""
    parts = [(key << 16) + np.flatnonzero(bits) for key, bits in _bits(bitmap)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def n_in_any(bitmaps: Iterable[bytes]) -> int:
    """How many numbers lie in at least one of the sets.

    Examples
    --------
    >>> n_in_any([packed(np.array([1, 2])), packed(np.array([2, 90_000]))])
    3
    """
    known: dict[int, NDArray[np.bool_]] = {}
    for bitmap in bitmaps:
        for key, bits in _bits(bitmap):
            if key in known:
                known[key] |= bits
            else:
                known[key] = bits
    return sum(int(np.count_nonzero(bits)) for bits in known.values())


def _heads(bitmap: bytes) -> NDArray[np.int64]:
    """Of each container the upper 16 bits of its numbers, and how many there are less one.

    Raises
    ------
    ValueError
        When the bytes are no bitmap of this format.
    """
    cookie, n = np.frombuffer(bitmap, dtype="<u4", count=2) if len(bitmap) >= 8 else (0, 0)
    if cookie != _COOKIE or len(bitmap) < 8 + 8 * int(n):
        raise ValueError("no Roaring bitmap without run containers")
    return np.frombuffer(bitmap, dtype="<u2", count=2 * int(n), offset=8).reshape(-1, 2).astype(np.int64)


def _bits(bitmap: bytes) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Of each container the upper 16 bits, and a flag for each number that it could hold."""
    heads = _heads(bitmap)
    offsets = np.frombuffer(bitmap, dtype="<u4", count=len(heads), offset=8 + 4 * len(heads))
    for (key, less_one), offset in zip(heads.tolist(), offsets.tolist(), strict=True):
        if less_one >= _ARRAY_MOST:
            stored = np.frombuffer(bitmap, dtype=np.uint8, count=_BITS // 8, offset=offset)
            yield key, np.unpackbits(stored, bitorder="little").view(np.bool_)
        else:
            bits = np.zeros(_BITS, dtype=np.bool_)
            bits[np.frombuffer(bitmap, dtype="<u2", count=less_one + 1, offset=offset)] = True
            yield key, bits
