"""A scenario beside other ways to fill its lists: the same query, rules and size, with another chain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reclake.recommend.judging import CHAMPION, POPULARITY
from reclake.recommend.rivals import LAST_CATEGORY, POPULAR_7_DAYS

from .definition import Block, Scenario
from .links import Link, ModelLink, PopularLink, RelatedLink

CHAIN, CHALLENGER = "chain", "chain_challenger"  # as it is served; as it would be if every model that it names served
SEEN_TOGETHER = "seen_together"  # item–item of the relations, which need no customer
_POPULAR = PopularLink(link="popular", scope="all")


def champion_of(model: str) -> str:
    """What the very version that serves is called, beside a fit of the origin by its settings."""
    return f"{model}_{CHAMPION}"


def contestants(
    scenario: Scenario, *, fitted: Collection[str], serving: Collection[str], champions: Collection[str]
) -> dict[str, Scenario]:
    """Name → the scenario with the chain of that name; none of them states reasons, or competes for a contact.

    Where the chain names a model, it is filled by `fitted` ones of `serving`, so it is what is served; the name `chain_challenger` has
    all of them. Lists of products and baskets know no customer, so no model: what was seen together stands for item–item.

    Parameters
    ----------
    fitted
        Models that were fitted before the origin.
    serving
        Those of them of which a version is promoted.
    champions
        Models whose promoted version itself has learnt nothing from the days that judge.
    """
    used = {link.model for _, link in scenario.links if isinstance(link, ModelLink)}
    chains: dict[str, Mapping[str, str | None]] = {CHAIN: {name: name if name in serving else None for name in used}}
    if used - set(serving):
        chains[CHALLENGER] = {}
    if used and used <= set(champions):
        chains[champion_of(CHAIN)] = {name: champion_of(name) for name in used}
    own = {name: _with_chains(scenario, models=models) for name, models in chains.items()}
    rivals: dict[str, tuple[Link, ...]] = {
        POPULAR_7_DAYS: (PopularLink(link="popular", scope="last_7_days"),),
        POPULARITY: (),
        LAST_CATEGORY: (PopularLink(link="popular", scope="last_category"),),
    }
    if scenario.is_of_customers:
        names = (*fitted, *(champion_of(name) for name in champions))
        rivals |= {name: (_model(name),) for name in names}
    else:
        rivals[SEEN_TOGETHER] = (RelatedLink(link="related", relation="seen_together"),)
    return own | {name: _with_chains(scenario, first=links) for name, links in rivals.items()}


def _model(name: str) -> ModelLink:
    """A link of any fitted model: not of those alone that a file may name."""
    return ModelLink.model_construct(link="model", model=name)


def _with_chains(
    scenario: Scenario, *, models: Mapping[str, str | None] | None = None, first: tuple[Link, ...] | None = None
) -> Scenario:
    """The scenario with other models in its chains, or with other chains: `first`, then what is popular."""
    blocks = {
        name: _with_chain(block, tuple(_renamed(block, models or {})) if first is None else (*first, _POPULAR))
        for name, block in scenario.blocks.items()
    }
    return scenario.model_copy(update={"blocks": blocks, "reasons": (), "reaches_out": False})


def _with_chain(block: Block, chain: tuple[Link, ...]) -> Block:
    return block.model_copy(update={"chain": chain})


def _renamed(block: Block, models: Mapping[str, str | None]) -> Iterator[Link]:
    """The chain with each model under its new name, without those that have none."""
    for link in block.chain:
        if not isinstance(link, ModelLink) or link.model not in models:
            yield link
        elif (name := models[link.model]) is not None:
            yield _model(name)
