"""The catalogue of scenarios: conf/scenarios, one file each. A changed scenario restates the newest lists."""

from reclake.catalogue import Catalogue

from .scenarios.definition import Scenario

SCENARIOS = Catalogue(name="scenarios", noun="scenario", item=Scenario, explained_in="docs/scenarios.md")
CATALOGUES = (SCENARIOS,)
