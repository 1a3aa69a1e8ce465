"""CPU time of the rules of lists, apart from Spark: all shipped scenarios of customers, for drawn customers of one catalogue.

Run: PYTHONPATH=lib python benchmarks/scenario_rules.py --customers 2000 --products 5000
"""

from __future__ import annotations

import random
import time
from argparse import ArgumentParser
from pathlib import Path

from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.candidates import links_of
from reclake.recommend.scenarios.serving import Asked, Candidate, served_scenarios
from reclake.recommend.scenarios.shelf import Shelf

HOME = Path(__file__).resolve().parents[1]


def drawn_shelf(draw: random.Random, n: int) -> Shelf:
    """Products in 40 categories; one in twenty may not be shown."""
    return Shelf(
        is_open=[draw.random() < 0.95 for _ in range(n)],
        category=[f"category {draw.randrange(40)}" for _ in range(n)],
        variant=[f"p{place // 2}" for place in range(n)],
        popularity=[float(n - place) for place in range(n)],
        is_popular_in_category=[draw.random() < 0.1 for _ in range(n)],
        lists={"tier/new": [(place, 1.0) for place in draw.sample(range(1, n + 1), 50)]},
    )


def drawn_customer(draw: random.Random, n: int, keys: list[str]) -> Asked:
    """50 products known, 50 candidates of each link."""
    known = draw.sample(range(1, n + 1), 50)
    return Asked(
        seen=frozenset(known),
        bought={place: draw.randint(1, 90) for place in known[:10]},
        recent=known[:10],
        groups={"tier": "new"},
        candidates={key: [Candidate(place, 0.5, "p1", "bought") for place in draw.sample(range(1, n + 1), 50)] for key in keys},
        partners=dict.fromkeys(draw.sample(range(1, n + 1), 20), "p1"),
    )


def main() -> None:
    """Draw, serve, and print what it took."""
    parser = ArgumentParser()
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--products", type=int, default=5000)
    asked = parser.parse_args()
    draw = random.Random(25)
    scenarios = {name: one for name, one in SCENARIOS.load(HOME / "conf" / "scenarios").items() if one.is_of_customers}
    shelf = drawn_shelf(draw, asked.products)
    customers = [drawn_customer(draw, asked.products, list(links_of(scenarios.values()))) for _ in range(asked.customers)]
    began = time.process_time()
    n_rows = sum(1 for customer in customers for _ in served_scenarios(customer, shelf, scenarios, ("win_back",)))
    seconds = time.process_time() - began
    print(f"{asked.customers:,} customers, {asked.products:,} products, {len(scenarios)} scenarios: {n_rows:,} rows, {seconds:.2f} CPU s, "
          f"{seconds / asked.customers * 1e6:,.0f} µs per customer")  # fmt: skip


if __name__ == "__main__":
    main()
