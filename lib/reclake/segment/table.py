"""docs/segments.md: the rules of tiers, and the map of segments with all cells written out, in English and Chinese."""

import sys

from reclake.segment.rfm_tiers import rfm_tier_of
from reclake.segment.segments import NO_ORDERS, SEGMENTS, cells, segment_of
from reclake.segment.tiers import ORDER, PROSPECT, TIER_NAMES_ZH

_HEAD = """\
# Segments and tiers · 客户分群与分层

Generated from `lib/reclake/segment/` by `python -m reclake.segment.table`; a test holds it current. Do not edit.
本文件由 `lib/reclake/segment/` 生成，请勿手工修改。

`gold.customer_segments` says two things of each customer who may be profiled. `tier` says what the customer is now, decided from
what predicts. `segment`, and `rfm_tier` which follows from it, say how the customer's past compares with that of the others.

`gold.customer_segments` 对每位可画像的客户给出两种判断：`tier` 依据预测说明客户当前的状态；`segment` 及由其得出的 `rfm_tier`
说明客户的过去与其他客户相比如何。
"""

# Tier, who stands in it, and the same in Chinese; the first rule that applies decides.
TIER_RULES = (
    (PROSPECT, "bought nothing in the window", "统计窗口内没有购买"),
    (
        "churn_warning",
        "bought nothing for more than `lapsed_days`, and visited within `recent_days`",
        "超过 `lapsed_days` 天未购买，但在 `recent_days` 天内有访问",
    ),
    ("dormant", "bought nothing for more than `lapsed_days`", "超过 `lapsed_days` 天未购买"),
    (
        "churn_warning",
        "more likely stopped than not, and last bought or visited within `recent_days`",
        "更可能已流失，且最近一次购买或访问在 `recent_days` 天之内",
    ),
    ("dormant", "more likely stopped than not, and last bought or visited longer ago", "更可能已流失，且最近一次购买或访问更早"),
    ("new", "bought once, within `recent_days`", "仅购买一次，且在 `recent_days` 天之内"),
    (
        "high_value",
        "expected to buy `high_rate_per_day` times a day or more often while a customer",
        "预计每天购买次数不低于 `high_rate_per_day`",
    ),
    ("potential", "bought once, longer ago", "仅购买一次，且更早"),
    ("returning", "bought again", "再次购买过"),
)

_TIERS = """\
## Tiers · 分层

The first rule that applies decides. What the words mean stands in `[business.tiers]` of the settings, where a source may state its
own. How people buy, visit and stop is learned, each Monday anew, from what customers of the lake did until then:
purchases and visits come at a rate that differs from person to person, of which a share that depends on the person's channels
buys; who buys again may stop at that purchase, with a probability that differs from person to person too; and
there is a chance to stop after a first purchase and after a visit. `p_alive` and `expected_rate_per_day` follow from it by Bayes
(`segment/process.py`, `segment/alive.py`).

**No tier flaps.** A customer is reviewed on the day after each purchase and every `tiers.stay_days` after it. In between only facts move
a customer: a purchase, a visit, or a limit of `[business.tiers]`. Who bought or visited in the last `stay_days` counts as one who goes on.

**Where too little was bought to learn from** (fewer than `tiers.min_repeats` repeat purchases, or customers), a customer goes on who bought
or visited within `recent_days`; who did not is in churn warning until `lapsed_days`; the rate is that of the repeat purchases so far.

由上到下第一条适用的规则生效。规则中的天数与频率见设置 `[business.tiers]`，各数据源可另行设定。购买、访问与流失的规律每周一从全部客户的
行为中重新学习；`p_alive` 与 `expected_rate_per_day` 由此按贝叶斯公式得出。每位客户在每次购买的次日以及此后每 `tiers.stay_days` 天评估一次，
其间只有购买、访问或上述期限会改变分层。复购太少时，按最近是否购买或访问判断。
"""

_SEGMENTS = """\
## Segments · 分群

Scores run from 1 to 5 and are mid-rank quintiles among the customers with a sale who may be profiled: equal customers
get equal scores. R: how lately they bought; F: how many orders; M: how much, returns not deducted. The first segment
of the list that holds a cell has it. A higher score never gives a worse `rfm_tier`, from worst to best: dormant,
churn_warning, new, returning, potential, high_value. Who bought on one day only is at best new. Prospects bought
nothing in the window.

评分为 1 至 5 分，在可画像且有消费的客户中按中位秩五等分，数值相同则得分相同。R：最近购买时间；F：订单数；M：消费金额（不扣除退货）。
每个单元格归入列表中第一个包含它的分群。分数越高，`rfm_tier` 不会更差，由低到高为：休眠客户、流失预警、新客户、回头客、潜力客户、
高价值客户。仅在一天内购买过的客户最高为新客户。潜在客户指统计窗口内没有购买的客户。
"""


def table_markdown() -> str:
    """The rules of tiers, the segments in order of priority, then all 125 cells."""
    return "\n".join([_HEAD, _TIERS, *_rule_lines(), "", _SEGMENTS, *_segment_lines(), "", *_cell_lines(), ""])


def _rule_lines() -> list[str]:
    order = "` < `".join((PROSPECT, *ORDER))
    rules = [_line(tier, TIER_NAMES_ZH[tier], who, who_zh) for tier, who, who_zh in TIER_RULES]
    return [
        "| tier | 分层 | who | 说明 |",
        "|---|---|---|---|",
        *rules,
        "",
        f"From worst to best, for upgrades and downgrades · 由低到高：`{order}`",
    ]


def _segment_lines() -> list[str]:
    lines = [
        "| segment | 分群 | R | F | M | rfm_tier | 分层 | who | 说明 |",
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
        "| R F M | segment | 分群 | rfm_tier | 分层 | rfm_tier, one day only | 分层（仅一天购买） |",
        "|---|---|---|---|---|---|---|",
    ]
    for recency, frequency, monetary in reversed(list(cells())):
        one = segment_of(recency, frequency, monetary)
        usual, once = (rfm_tier_of(recency, frequency, monetary, on_one_day=on_one_day) for on_one_day in (False, True))
        cell = f"{recency} {frequency} {monetary}"
        lines.append(_line(cell, one.name, one.name_zh, usual, TIER_NAMES_ZH[usual], once, TIER_NAMES_ZH[once]))
    return lines


def _line(*cells_of_line: str) -> str:
    return f"| {' | '.join(cells_of_line)} |"


if __name__ == "__main__":
    sys.stdout.write(table_markdown())
