"""Edit distances of many pairs of short texts at once, in numpy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MAX_LENGTH = 48  # characters of a text that are compared; what follows is ignored
_PAIRS_AT_ONCE = 16_384  # keeps the rows of the table of distances in the processor's cache


class Texts:
    """Distinct texts as numbers: code points, lengths, and which characters occur.

    Parameters
    ----------
    texts
        Distinct texts, cut at MAX_LENGTH characters.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        written = np.array(texts if len(texts) else [""], dtype=f"U{MAX_LENGTH}")
        points = written.view(np.uint32).reshape(len(written), MAX_LENGTH)
        self.lengths = np.char.str_len(written).astype(np.int64)
        longest = max(1, int(self.lengths.max()))
        # Characters beyond the basic plane are folded into it: two of them that look equal then are a rare accident.
        self.points = np.ascontiguousarray(points[:, :longest].T.astype(np.uint16))
        present = np.arange(longest)[:, None] < self.lengths[None, :]
        bits = np.left_shift(np.uint64(1), (self.points % np.uint16(61)).astype(np.uint64))
        self.characters = np.bitwise_or.reduce(np.where(present, bits, np.uint64(0)), axis=0)

    def may_lie_within(self, left: Ints, right: Ints, limits: Ints) -> npt.NDArray[np.bool_]:
        """Whether the texts of each pair can be at most `limits` edits apart, judged by length and characters alone.

        An edit changes the length by one at most and the set of characters by two.
        """
        length_gap = np.abs(self.lengths[left] - self.lengths[right])
        strange = np.bitwise_count(self.characters[left] ^ self.characters[right])
        return np.asarray((length_gap <= limits) & (strange <= 2 * limits))

    def distances(self, left: Ints, right: Ints, *, limit: int) -> Ints:
        """Edits between the texts of each pair; any value above `limit` where it is larger.

        Restricted Damerau–Levenshtein distance (optimal string alignment): a swap of two neighbours is one edit, and no
        part is edited twice.

        Parameters
        ----------
        left, right
            Positions of texts, shape (pairs,).
        """
        found = np.empty(len(left), np.int64)
        order = np.argsort(np.maximum(self.lengths[left], self.lengths[right]), kind="stable")
        for start in range(0, len(order), _PAIRS_AT_ONCE):
            chosen = order[start : start + _PAIRS_AT_ONCE]
            found[chosen] = self._distances(left[chosen], right[chosen], limit)
        return found

    def _distances(self, left: Ints, right: Ints, limit: int) -> Ints:
        lengths_left, lengths_right = self.lengths[left], self.lengths[right]
        n_left, n_right = int(lengths_left.max()), int(lengths_right.max())
        a, b = self.points[:n_left, left], self.points[:n_right, right]
        n_pairs, far = len(left), np.uint8(limit + 1)
        result = np.full(n_pairs, far, np.uint8)
        ends = [np.flatnonzero(lengths_left == i) for i in range(n_left + 1)]
        # rows[i % 3][j] is the distance of the first i characters of the left text and the first j of the right one.
        rows = np.full((3, n_right + 1, n_pairs), far, np.uint8)
        for j in range(min(limit, n_right) + 1):
            rows[0, j] = j
        _take(result, rows[0], ends[0], lengths_right, n_right)
        for i in range(1, n_left + 1):
            row, above, above_that = rows[i % 3], rows[(i - 1) % 3], rows[(i - 2) % 3]
            row.fill(far)
            if i <= limit:
                row[0] = i
            for j in range(max(1, i - limit), min(n_right, i + limit) + 1):
                cell = np.minimum(above[j], row[j - 1], out=row[j])
                cell += 1
                np.minimum(cell, above[j - 1] + (a[i - 1] != b[j - 1]), out=cell)
                if i > 1 and j > 1:
                    is_swap = (a[i - 1] == b[j - 2]) & (a[i - 2] == b[j - 1])
                    np.minimum(cell, np.where(is_swap, above_that[j - 2] + np.uint8(1), far), out=cell)
                np.minimum(cell, far, out=cell)
            _take(result, row, ends[i], lengths_right, n_right)
        return result.astype(np.int64)


def _take(result: npt.NDArray[np.uint8], row: npt.NDArray[np.uint8], ended: Ints, lengths: Ints, n_columns: int) -> None:
    """The distances of the pairs whose left text ends with this row."""
    if len(ended):
        result[ended] = row[np.minimum(lengths[ended], n_columns), ended]
