"""Whether the demo company's click law is found again from what it shows: generated sums, no Spark.

python benchmarks/impressions.py [--seeds 100] [--people 10000]

Per seed and strategy: whether the 95 % interval of the rate weighted with 1/propensity holds the true rate, the same of the plain
rate, and whether the intervals of the clicks at each position over those at the first hold the true examination.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from reclake.recommend.propensity import RatioSums
from reclake.synthetic.click_law import ClickLaw
from reclake.synthetic.settings import ONLINE, ImpressionSettings

_ROOT = Path(__file__).resolve().parents[1]
_CHANNEL_SHARES = (0.45, 0.3, 0.25)  # people whose lists are shown on each channel
_MEAN_LISTS = 4.0  # of a person: one, and a Poisson number more


class Sums:
    """The lists of one seed, and the sums of clicks and impressions over people."""

    def __init__(self, settings: ImpressionSettings, *, seed: int, n_people: int) -> None:
        self._law = law = ClickLaw(settings)
        draws = np.random.default_rng(seed)
        arms = tuple(settings.arms)
        appetite = draws.beta(settings.click_a, settings.click_b, n_people)
        channel = draws.choice(len(ONLINE), n_people, p=_CHANNEL_SHARES)
        arm = draws.choice(len(arms), n_people, p=[settings.arms[name].share for name in arms])
        self._n_people = n_people
        self._person = np.repeat(np.arange(n_people), 1 + draws.poisson(_MEAN_LISTS - 1, n_people))
        drawn = np.array([[[law.propensity(a, c, s) for s in law.strategies] for c in ONLINE] for a in arms])
        of_list = drawn[arm[self._person], channel[self._person]]  # (lists, strategies)
        uniform = draws.random(len(self._person))[:, None]
        self._strategy = np.minimum((uniform > np.cumsum(of_list, axis=1)).sum(axis=1), len(law.strategies) - 1)
        self._propensity = of_list[np.arange(len(self._person)), self._strategy]
        # The law without its appetite: by channel, strategy and position.
        shape = np.array([[[law.clicked(1.0, c, s, k) for k in law.positions] for s in law.strategies] for c in ONLINE])
        probability = appetite[self._person, None] * shape[channel[self._person], self._strategy]
        self._clicks = draws.random(probability.shape) < probability
        self._mean_shape = np.tensordot(np.array(_CHANNEL_SHARES), shape, axes=1)  # (strategies, positions)

    def truth(self, strategy: int) -> float:
        """The rate if every list were of the strategy."""
        return float(self._law.mean_appetite * self._mean_shape[strategy].mean())

    def rate(self, strategy: int, *, is_weighted: bool) -> RatioSums:
        """Clicks over impressions of the strategy's lists, by person."""
        ours = self._strategy == strategy
        weight = (1.0 / self._propensity if is_weighted else np.ones(len(ours))) * ours
        return self._by_person(weight * self._clicks.sum(axis=1), weight * self._clicks.shape[1])

    def examined(self, position: int) -> RatioSums:
        """Clicks at the position over those at the first, by person."""
        return self._by_person(self._clicks[:, position - 1].astype(float), self._clicks[:, 0].astype(float))

    def _by_person(self, above: Any, below: Any) -> RatioSums:
        y = np.bincount(self._person, above, self._n_people)
        x = np.bincount(self._person, below, self._n_people)
        return RatioSums(self._n_people, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum())


def found_again(settings: ImpressionSettings, *, seeds: range, n_people: int) -> dict[str, Counter[str]]:
    """By strategy or position, in how many seeds the interval holds the truth."""
    law = ClickLaw(settings)
    covered: dict[str, Counter[str]] = {name: Counter() for name in ("weighted", "plain", "position")}
    for seed in seeds:
        sums = Sums(settings, seed=seed, n_people=n_people)
        for place, strategy in enumerate(law.strategies):
            for name in ("weighted", "plain"):
                low, high = sums.rate(place, is_weighted=name == "weighted").interval
                covered[name][strategy] += int(low <= sums.truth(place) <= high)
        for position in law.positions[1:]:
            low, high = sums.examined(position).interval
            covered["position"][str(position)] += int(low <= law.examined(position) <= high)
    return covered


def demo_impressions() -> ImpressionSettings:
    """The law in conf/base.toml."""
    base = tomllib.loads((_ROOT / "conf" / "base.toml").read_text(encoding="utf-8"))
    return ImpressionSettings.model_validate(base["demo"]["impressions"])


def main() -> None:
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--people", type=int, default=10_000)
    options = parser.parse_args()
    print(json.dumps(found_again(demo_impressions(), seeds=range(options.seeds), n_people=options.people), indent=1))


if __name__ == "__main__":
    main()
