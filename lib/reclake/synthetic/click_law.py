"""By which law recommendations are clicked.

A person has an appetite θ ~ Beta(a, b) of its own, so that the clicks of one person are alike. The product at position k is
examined with probability k^-η, whatever it is. An examined product is clicked with θ · channel · effect of the strategy.
Each list's strategy is drawn with known probabilities: those of its arm and channel. On the channel where people click most
the arm `policy` draws the best strategy most often, so the plain rates of the strategies overstate their difference, and
rates weighted with 1 / propensity do not.

References
----------
T. Joachims, A. Swaminathan, T. Schnabel: Unbiased Learning-to-Rank with Biased Feedback, WSDM 2017: examination by position.
"""

from collections.abc import Iterator
from typing import Any

from .draws import Draws, cumulated
from .settings import ONLINE, ImpressionSettings

NON_PERSONAL = "non_personal"  # the arm of those whose lists may not depend on them


class ClickLaw:
    """Propensities and probabilities of clicks, all of them given by the settings."""

    def __init__(self, settings: ImpressionSettings) -> None:
        self._settings = settings
        self.strategies = tuple(settings.strategies)
        self.positions = range(1, settings.n_positions + 1)

    @property
    def mean_appetite(self) -> float:
        """The mean of θ over people."""
        return self._settings.click_a / (self._settings.click_a + self._settings.click_b)

    def appetite(self, draws: Draws) -> float:
        """A person's θ."""
        return draws.beta(self._settings.click_a, self._settings.click_b)

    def arm(self, draws: Draws) -> str:
        """A person's arm."""
        return tuple(self._settings.arms)[draws.index(cumulated([arm.share for arm in self._settings.arms.values()]))]

    def propensity(self, arm: str, channel: str, strategy: str) -> float:
        """The probability with which the arm draws the strategy on the channel."""
        if arm == NON_PERSONAL:
            return float(strategy == self._settings.non_personal)
        return self._settings.arms[arm].of(channel)[strategy]

    def draw(self, draws: Draws, arm: str, channel: str) -> str:
        """The strategy of a list."""
        return self.strategies[draws.index(cumulated([self.propensity(arm, channel, one) for one in self.strategies]))]

    def examined(self, position: int) -> float:
        """The probability that the product at the position is looked at."""
        return float(position**-self._settings.position_exponent)

    def clicked(self, appetite: float, channel: str, strategy: str, position: int) -> float:
        """The probability that the product is clicked."""
        of_channel: float = getattr(self._settings.channels, channel)
        return appetite * of_channel * self._settings.strategies[strategy].effect * self.examined(position)

    def order_share(self, strategy: str) -> float:
        """The share of lists, of visits that end in an order, that hold a product of it."""
        return self._settings.strategies[strategy].order_share

    def rows(self) -> Iterator[dict[str, Any]]:
        """The law as a table: what is drawn where, and how often it is clicked, the mean over people."""
        for arm in (*self._settings.arms, NON_PERSONAL):
            for channel in ONLINE:
                for strategy in self.strategies:
                    for position in self.positions:
                        yield {
                            "arm": arm, "channel": channel, "strategy": strategy, "list_position": position,
                            "propensity": self.propensity(arm, channel, strategy),
                            "click_probability": self.clicked(self.mean_appetite, channel, strategy, position),
                        }  # fmt: skip
