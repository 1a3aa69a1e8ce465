"""docs/segments.md: the map of segments and tiers, all cells written out, in English and Chinese."""

import sys

from reclake.segment.segments import NO_ORDERS, SEGMENTS, cells, segment_of
from reclake.segment.tiers import PROSPECT, TIER_NAMES_ZH, tier_of

_HEAD = """\
# Segments and tiers · 客户分群与分层

Generated from `lib/reclake/segment/` by `python -m reclake.segment.table`; a test holds it current. Do not edit.
本文件由 `lib/reclake/segment/` 生成，请勿手工修改。

Scores run from 1 to 5 and are mid-rank quintiles among the customers with a sale who may be profiled: equal customers
get equal scores. R: how lately they bought; F: how many orders; M: how much, returns not deducted. The first segment
of the list that holds a cell has it. A higher score never gives a worse tier, from worst to best: dormant,
churn_warning, new, returning, potential, high_value. Who bought on one day only is at best new. Prospects bought
nothing in the window.

评分为 1 至 5 分，在可画像且有消费的客户中按中位秩五等分，数值相同则得分相同。R：最近购买时间；F：订单数；M：消费金额（不扣除退货）。
每个单元格归入列表中第一个包含它的分群。分数越高，分层不会更差，由低到高为：休眠客户、流失预警、新客户、回头客、潜力客户、高价值客户。
仅在一天内购买过的客户最高为新客户。潜在客户指统计窗口内没有购买的客户。
"""


def table_markdown() -> str:
    """The segments in order of priority, then all 125 cells."""
    return "\n".join([_HEAD, *_segment_lines(), "", *_cell_lines(), ""])


def _segment_lines() -> list[str]:
    lines = [
        "## Segments · 分群",
        "",
        "| segment | 分群 | R | F | M | tier | 分层 | who | 说明 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in SEGMENTS:
        ranges = (f"{low}–{high}" if low < high else str(low) for low, high in (one.recency, one.frequency, one.monetary))
        lines.append(_line(one.name, one.name_zh, *ranges, one.tier, TIER_NAMES_ZH[one.tier], one.says, one.says_zh))
    lines.append(_line(NO_ORDERS, "无订单", "–", "–", "–", PROSPECT, TIER_NAMES_ZH[PROSPECT], "bought nothing", "没有购买"))
    return lines


def _cell_lines() -> list[str]:
    lines = [
        "## All cells · 全部单元格",
        "",
        "| R F M | segment | 分群 | tier | 分层 | tier, one day only | 分层（仅一天购买） |",
        "|---|---|---|---|---|---|---|",
    ]
    for recency, frequency, monetary in reversed(list(cells())):
        one = segment_of(recency, frequency, monetary)
        usual, once = (tier_of(recency, frequency, monetary, on_one_day=on_one_day) for on_one_day in (False, True))
        cell = f"{recency} {frequency} {monetary}"
        lines.append(_line(cell, one.name, one.name_zh, usual, TIER_NAMES_ZH[usual], once, TIER_NAMES_ZH[once]))
    return lines


def _line(*cells_of_line: str) -> str:
    return f"| {' | '.join(cells_of_line)} |"


if __name__ == "__main__":
    sys.stdout.write(table_markdown())
