"""Customer value on real purchases: fixtures, who buys in the last quarter, and the held-out weeks as a picture.

python benchmarks/value.py --cdnow .venv/oracles/lib/python3.11/site-packages/lifetimes/datasets \
    --online-retail ../shared/data/online-retail/online_retail.parquet --page /tmp/value.html --picture docs/customer-value-holdout.svg
"""

from __future__ import annotations

import argparse
import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import numpy as np
from value_data import Days, cdnow, online_retail

from reclake.pages.charts import Lines, Series
from reclake.pages.colours import BLUE, INK, ORANGE, PAPER, PURPLE
from reclake.pages.page import Page, Shown, write
from reclake.pages.panels import Panel
from reclake.pages.texts import Text
from reclake.value import spending
from reclake.value.forecasts import expected_of_new, expected_purchases, forecast, p_alive
from reclake.value.histories import Floats, grouped
from reclake.value.judging import Choice, choice
from reclake.value.purchasing import MODELS, fitted, log_likelihood
from reclake.value.spending import spends
from reclake.value.worth import worth

SPLIT, END = date(1997, 9, 30), date(1998, 6, 30)
QUARTER_DAYS = 91
N_RESAMPLES, SEED = 2000, 7


def columns(
    days: Days, end: date, *, known_by: date | None = None, unit: float = 1.0
) -> tuple[list[str], Floats, Floats, Floats]:
    """Customers, x, t_x and T at `end`, which counts; of those who had bought by `known_by`, in units of so many days."""
    names, rows = [], []
    for customer, by_day in sorted(days.items()):
        seen = sorted(day for day in by_day if day <= end)
        if seen and seen[0] <= (known_by or end):
            names.append(customer)
            rows.append((len(seen) - 1, (seen[-1] - seen[0]).days / unit, (end - seen[0]).days / unit))
    x, t_x, age = np.array(rows, dtype=float).T
    return names, x, t_x, age


def fixtures(folder: Path) -> dict[str, object]:
    """The figures of the literature, from the raw purchases."""
    _, x, t_x, age = columns(cdnow(folder / "CDNOW_sample.txt"), SPLIT, unit=7)
    found: dict[str, object] = {}
    histories = grouped(x, t_x, age)
    for name in MODELS:
        model = fitted(name, histories)
        found[name] = {
            "r α a b": [round(one, 4) for one in model.parameters],
            "log-likelihood": round(log_likelihood(model, histories), 3),
            "P(alive) of (2, 30.43, 38.86)": round(float(p_alive(model, *_one(2, 30.43, 38.86))[0]), 6),
            "E[Y(39)] of the same": round(float(expected_purchases(model, 39, *_one(2, 30.43, 38.86))[0]), 4),
            "E[X(t)], t 1, 12, 39, 52": [round(expected_of_new(model, t), 6) for t in (1, 12, 39, 52)],
            "Σ P(alive)": round(float(p_alive(model, x, t_x, age).sum()), 2),
        }
    rows = list(csv.DictReader((folder / "cdnow_customers_summary_with_transactions.csv").open()))
    x, t_x, age, mean = (np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "zbar"))
    known = spends(x, mean)
    spend, model = spending.fitted(known), fitted("bg_nbd", grouped(x, t_x, age))
    seen = forecast(model, *_one(2, 30.43, 38.86), period=4.345, n_periods=12, discount=0.01)
    ends = worth(spend, seen, np.array([2.0]), interval_share=0.9)
    amounts = [round(float(factor[0]) * (spend.v + 2 * 22.35), 3) for factor in (ends.value, ends.lower, ends.upper)]
    found["gamma_gamma"] = {
        "p q v": [round(one, 4) for one in (spend.p, spend.q, spend.v)],
        "log-likelihood": round(spending.log_likelihood(spend, known), 3),
        "12-month value of (2, 30.43, 38.86, m 22.35), 90 % interval": amounts,
    }
    return found


def _one(*values: float) -> tuple[Floats, ...]:
    return tuple(np.array([float(value)]) for value in values)


def areas(scores: Floats, is_buyer: Floats, weights: Floats) -> Floats:
    """The area under the ROC curve by weight vector, (n resamples,): ties count half."""
    order = np.argsort(scores, kind="stable")
    _, tie = np.unique(scores[order], return_inverse=True)
    starts = np.flatnonzero(np.diff(np.concatenate([[-1], tie])))
    weighted = weights[:, order]
    buyers = np.add.reduceat(weighted * is_buyer[order], starts, axis=1)
    others = np.add.reduceat(weighted * (1 - is_buyer[order]), starts, axis=1)
    below = np.cumsum(others, axis=1) - others / 2
    return np.asarray((buyers * below).sum(axis=1) / (buyers.sum(axis=1) * others.sum(axis=1)))


def last_quarter(days: Days) -> dict[str, object]:
    """Who buys in the last 91 days, by what was known before: the chosen model against recency alone."""
    end = max(day for by_day in days.values() for day in by_day)
    cut = end - timedelta(days=QUARTER_DAYS)
    names, x, t_x, age = columns(days, cut)
    is_buyer = np.array([float(any(day > cut for day in days[name])) for name in names])
    chosen = _chosen(days, cut)
    model = chosen.used.whole if chosen.used else None
    assert model is not None, chosen.reason
    scores = {
        "P(alive) × rate": p_alive(model, x, t_x, age) * (model.r + x) / (model.alpha + age),
        "expected purchases": expected_purchases(model, QUARTER_DAYS, x, t_x, age),
        "recency": t_x - age,
    }
    rng = np.random.default_rng(SEED)
    resampled: dict[str, list[Floats]] = {name: [] for name in scores}
    for _ in range(N_RESAMPLES // 100):
        weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=100).astype(float)
        for name, score in scores.items():
            resampled[name].append(areas(score, is_buyer, weights))
    ones = np.ones((1, len(names)))
    found: dict[str, object] = {
        "customers": len(names),
        "bought in the last quarter": int(is_buyer.sum()),
        "model": chosen.name,
        "held-out log-likelihood": {name: one.held_out for name, one in chosen.models.items()},
        "AUC": {name: round(float(areas(score, is_buyer, ones)[0]), 4) for name, score in scores.items()},
    }
    base = np.concatenate(resampled["recency"])
    for name in ("P(alive) × rate", "expected purchases"):
        difference = np.concatenate(resampled[name]) - base
        found[f"{name} over recency, 95 %"] = [round(float(one), 4) for one in np.quantile(difference, [0.025, 0.975])]
    return found


def _chosen(days: Days, cut: date) -> Choice:
    """The model by the held-out likelihood of the last third of what lies before the cut."""
    start = min(day for by_day in days.values() for day in by_day)
    split = cut - timedelta(days=int((cut - start).days * 0.333))
    views = (columns(days, cut), columns(days, split), columns(days, cut, known_by=split))
    return choice(*(grouped(*view[1:]) for view in views))


def picture(lines: Lines, path: Path) -> None:
    """The chart alone as a file that documents can show, in English."""
    svg = lines.drawn().find("svg")
    assert svg is not None
    for text in svg.iter("text"):
        for part in [one for one in text if one.get("lang") == "zh-CN"]:
            text.remove(part)
    style = Element("style")
    style.text = f"text {{ font: 14px sans-serif; }} text:not([fill]) {{ fill: {INK}; }} .value {{ font-weight: 650; }} .axis {{ font-size: 12px; }}"
    svg.insert(0, style)
    svg.insert(1, Element("rect", {"width": "100%", "height": "100%", "fill": PAPER}))
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    path.write_text(tostring(svg, encoding="unicode") + "\n", encoding="utf-8")


def held_out_weeks(folder: Path, path: Path | None, chart: Path | None) -> dict[str, object]:
    """Purchases of the CDNOW sample by week after 1997-09-30, as they came and as both models expected them."""
    days = cdnow(folder / "CDNOW_sample.txt")
    names, x, t_x, age = columns(days, SPLIT, unit=7)
    histories = grouped(x, t_x, age)
    weeks = range(1, 40)
    came = [sum(SPLIT < day <= SPLIT + timedelta(weeks=week) for name in names for day in days[name]) for week in weeks]
    curves = {}
    for name in MODELS:
        model = fitted(name, histories)
        expected = (expected_purchases(model, week, histories.repeats, histories.last_repeat, histories.age) for week in weeks)
        curves[name] = [float(histories.n_customers @ one) for one in expected]
    lines = Lines(
        Text("Days of purchase after the split, cumulated", "切分日之后的累计购买天数"),
        tuple(SPLIT + timedelta(weeks=week) for week in weeks),
        (
            Series(Text("came", "实际"), BLUE, tuple(came)),
            *(
                Series(Text(label, label), colour, tuple(round(one) for one in curves[name]))
                for name, label, colour in (("bg_nbd", "BG/NBD", ORANGE), ("mbg_nbd", "MBG/NBD", PURPLE))
            ),
        ),
    )
    title = Text("Thirty-nine held-out weeks of CDNOW", "CDNOW 留出的三十九周")
    lead = Text(
        "2,357 customers, fitted on purchases to 1997-09-30, and what they bought until 1998-06-30.",
        "2,357 名客户：模型用 1997-09-30 之前的购买拟合，并与之后至 1998-06-30 的购买比较。",
    )
    shown = Shown("CDNOW sample", 0, SPLIT, END, datetime.now(UTC))
    if path:
        write(Page(title, lead, shown, (Panel("weeks", title, (lead,), (lines,)),)), path, mode=0o644)
    if chart:
        picture(lines, chart)
    return {"weeks 13, 26, 39": {"came": [came[n - 1] for n in (13, 26, 39)]} | {
        name: [round(curve[n - 1], 1) for n in (13, 26, 39)] for name, curve in curves.items()
    }}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cdnow", type=Path, required=True)
    parser.add_argument("--online-retail", type=Path)
    parser.add_argument("--page", type=Path, help="where the held-out weeks are written as a page")
    parser.add_argument("--picture", type=Path, help="and as an SVG")
    options = parser.parse_args()
    found: dict[str, object] = {"fixtures": fixtures(options.cdnow)}
    found["held-out weeks"] = held_out_weeks(options.cdnow, options.page, options.picture)
    found["CDNOW master"] = last_quarter(cdnow(options.cdnow / "CDNOW_master.txt"))
    if options.online_retail:
        found["Online Retail"] = last_quarter(online_retail(options.online_retail))
    print(json.dumps(found, indent=1, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
