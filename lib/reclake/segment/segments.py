"""The RFM segments: every cell of three scores from 1 to 5 lies in exactly one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from pyspark.sql import Column
from pyspark.sql import functions as F

SCORES = (1, 2, 3, 4, 5)
NO_ORDERS = "no_orders"


@dataclass(frozen=True, slots=True)
class Segment:
    """A box of cells, both ends included; of two boxes that share a cell, the one listed first has it."""

    name: str
    name_zh: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int]
    tier: str  # of those who bought on more than one day: segment/tiers.py
    says: str
    says_zh: str

    def holds(self, recency: int, frequency: int, monetary: int) -> bool:
        """Whether the cell lies in the box."""
        ranges = zip((recency, frequency, monetary), (self.recency, self.frequency, self.monetary), strict=True)
        return all(low <= score <= high for score, (low, high) in ranges)


# In order of priority. The last one is no catch-all: it names its cells, so that a gap above it stays visible.
SEGMENTS = (
    Segment(
        "champions", "冠军客户", (4, 5), (4, 5), (4, 5), "high_value",
        "bought lately, often and for much", "最近购买、购买频繁、消费额高",
    ),
    Segment(
        "loyal", "忠诚客户", (3, 3), (4, 5), (4, 5), "high_value",
        "buy often and for much, last time a while ago", "购买频繁、消费额高，最近一次购买稍早",
    ),
    Segment(
        "big_spenders", "高消费客户", (4, 5), (1, 3), (4, 5), "potential",
        "bought lately and for much, but not often", "最近购买、消费额高，但次数不多",
    ),
    Segment(
        "frequent_buyers", "高频客户", (4, 5), (4, 5), (1, 3), "potential",
        "bought lately and often, but for little", "最近购买、购买频繁，但消费额不高",
    ),
    Segment(
        "active", "活跃客户", (4, 5), (1, 3), (1, 3), "returning",
        "bought lately, neither often nor for much", "最近购买，次数与消费额一般",
    ),
    Segment(
        "steady", "平稳客户", (3, 3), (1, 5), (1, 5), "returning",
        "last bought a while ago, not both often and for much", "最近一次购买稍早，次数或消费额一般",
    ),
    Segment(
        "slipping_away", "重点挽留客户", (1, 2), (4, 5), (4, 5), "churn_warning",
        "bought often and for much, but not lately", "曾频繁购买且消费额高，但久未购买",
    ),
    Segment(
        "cooling", "降温客户", (2, 2), (1, 5), (1, 5), "churn_warning",
        "have not bought for long", "较长时间未购买",
    ),
    Segment(
        "hibernating", "沉睡客户", (1, 1), (1, 5), (1, 5), "dormant",
        "have not bought for longest", "最久未购买",
    ),
)  # fmt: skip


def cells() -> Iterator[tuple[int, int, int]]:
    """All 125 cells as (recency, frequency, monetary) scores."""
    return ((recency, frequency, monetary) for recency, frequency, monetary in product(SCORES, repeat=3))


def segment_of(recency: int, frequency: int, monetary: int) -> Segment:
    """The cell's segment.

    Examples
    --------
    >>> segment_of(5, 5, 5).name, segment_of(1, 5, 5).name
    ('champions', 'slipping_away')
    """
    return next(segment for segment in SEGMENTS if segment.holds(recency, frequency, monetary))


def segment(recency: Column, frequency: Column, monetary: Column) -> Column:
    """The name of the segment; no_orders where there are no scores."""
    named = F.when(recency.isNull(), F.lit(NO_ORDERS))
    for one in SEGMENTS:
        inside = (
            recency.between(*one.recency) & frequency.between(*one.frequency) & monetary.between(*one.monetary)
        )  # fmt: skip
        named = named.when(inside, F.lit(one.name))
    return named
