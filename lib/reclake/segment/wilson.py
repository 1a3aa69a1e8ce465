"""Intervals of shares and means that a table can hold."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_Z = 1.959963984540054  # two-sided 95 %


def wilson(n_hits: Column, n: Column) -> tuple[Column, Column]:
    """Lower and upper end of the 95 % interval of a share; null where n is 0.

    References
    ----------
    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
    """
    trials = F.nullif(n, F.lit(0)).cast("double")
    share = n_hits / trials
    middle = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * F.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials * trials))
    return F.greatest(middle - half, F.lit(0.0)), F.least(middle + half, F.lit(1.0))


def normal_half_width(total: Column, total_of_squares: Column, n: Column) -> Column:
    """Half the width of the 95 % interval of a mean, from exact sums; null below two values.

    By the central limit theorem: few values of a long tail make it too narrow.
    """
    count = n.cast("double")
    spread = total_of_squares.cast("double") - total.cast("double") * total.cast("double") / count
    return F.when(n > 1, _Z * F.sqrt(F.greatest(spread, F.lit(0.0)) / (count - 1) / count))
