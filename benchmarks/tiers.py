"""How often the tier is the true one: gold.customer_segments of a demo lake, beside simpler rules and one that knows the company.

python benchmarks/tiers.py                                       of the demo's lake, after `make demo`
PYTHONPATH=tests python benchmarks/tiers.py --generated 3000     of the generator's own people: identities are perfect; no Spark

PYTHONPATH=tests python benchmarks/tiers.py --generated 3000 --days-later 400     the tiers of past buyers, nobody having come since

Counted are the customers of the newest as_of all of whose accounts belong to one person.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

from scipy.special import gammaincc

_Z = 1.959963984540054


@dataclass(frozen=True)
class Case:
    """One customer: the true tier, and what each rule gives."""

    truth: str
    verdicts: Mapping[str, str]  # rule → tier


@dataclass(frozen=True)
class Known:
    """Facts of one customer at the end, in days before the as_of, and the true channels."""

    channels: Sequence[str]
    orders: Sequence[int]  # ages, the oldest first
    visits: Sequence[int]  # since the first order


def knowing_rule(known: Known, settings: Mapping[str, Any]) -> str:
    """The most likely tier for who knows the company's parameters, but only orders and collected visits of the customer."""
    if not known.orders:
        return "prospect"
    life, repeats, visits = settings["life"], len(known.orders) - 1, len(known.visits)
    per_purchase = visits_per_purchase(known.channels, settings)
    age, since, last = known.orders[0] - 0.5, known.orders[0] - known.orders[-1], known.orders[-1]
    shape, scale = life["rate_shape"] + repeats + visits, life["rate_scale_days"]
    stopped = 0.0
    if repeats and all(visit >= last for visit in known.visits):
        grown = (scale + (1 + per_purchase) * age) / (scale + (1 + per_purchase) * since)
        odds = life["dropout_a"] / (life["dropout_b"] + repeats - 1) * grown**shape
        stopped = odds / (1 + odds)
    high = float(gammaincc(shape, (scale + (1 + per_purchase) * age) * life["high_rate_per_day"]))
    living = 1 - stopped
    if not repeats and known.orders[0] <= life["recent_days"]:
        likely = {"new": living}
    else:
        likely = {"high_value": living * high, "returning" if repeats else "potential": living * (1 - high)}
    likely["churn_warning" if last <= life["recent_days"] else "dormant"] = stopped
    return max(likely, key=lambda tier: likely[tier])


def visits_per_purchase(channels: Sequence[str], settings: Mapping[str, Any]) -> float:
    """Collected visits that buy nothing, per purchase, of a person with these channels."""
    weights = {channel: settings["channels"][channel]["weight"] for channel in channels}
    ratio = 0.0
    for channel, weight in weights.items():
        if channel != "pos":
            steps = settings["channels"][channel]
            converted = steps["view"] * steps["cart"] * steps["checkout"] * steps["purchase"]
            ratio += weight / sum(weights.values()) * (1 - converted) / converted
    return ratio * settings["collection"]["collected_share"]


def table(cases: Sequence[Case]) -> list[str]:
    """Accuracy of each rule over all and per true tier, with 95 % intervals by Wilson."""
    tiers = [tier for tier, _ in Counter(case.truth for case in cases).most_common()]
    verdicts = [{**case.verdicts, "most frequent tier": tiers[0]} for case in cases]
    lines = [f"{len(cases)} customers", f"| rule | all | {' | '.join(tiers)} |", f"|---|---|{'---|' * len(tiers)}"]
    for rule in verdicts[0]:
        hits = [(case.truth, one[rule] == case.truth) for case, one in zip(cases, verdicts, strict=True)]
        of_tiers = [[hit for truth, hit in hits if truth == tier] for tier in tiers]
        lines.append(f"| {rule} | {' | '.join(map(share, [[hit for _, hit in hits], *of_tiers]))} |")
    return lines


def share(hits: Sequence[bool]) -> str:
    """Share of hits with its interval."""
    n, hit = len(hits), sum(hits) / len(hits)
    middle, half = hit + _Z**2 / (2 * n), _Z * sqrt(hit * (1 - hit) / n + _Z**2 / (4 * n * n))
    lower, upper = (max(0.0, min(1.0, end / (1 + _Z**2 / n))) for end in (middle - half, middle + half))
    return f"{hit:.3f} ({lower:.3f}–{upper:.3f})"


def confusion(cases: Sequence[Case], rule: str) -> list[str]:
    """True tier → tier of the rule, where they differ."""
    counted = Counter((case.truth, case.verdicts[rule]) for case in cases if case.truth != case.verdicts[rule])
    return [f"{truth} → {other}: {n}" for (truth, other), n in counted.most_common()]


def of_generated(n_customers: int, seed: int) -> tuple[Any, dict[str, str], dict[str, Any], dict[str, tuple[str, ...]], date]:
    """People as the generator tells them, judged by rules in plain Python, which a test holds equal to the builder's.

    Gives the company, and by person the true tier, what they did, and their channels; last the as_of.
    """
    from reclake.settings import load_settings
    from reclake.synthetic.facts import World
    from reclake.synthetic.story import story
    from reclake.synthetic.truth import tier
    from tier_rules import Company, Customer, Words

    loaded = load_settings(
        Path.cwd(), profile="local", overrides=[f"demo.n_customers={n_customers}", f"demo.seed={seed}"], environment={}
    )
    world = World.of(loaded.demo)
    as_of = world.calendar.date(loaded.demo.n_days)
    truths, customers, channels = {}, {}, {}
    for number in range(n_customers):
        one = story(world, number)
        done = [(world.calendar.date(world.calendar.day(visit.started_at)), visit) for visit in one.visits]
        orders = tuple(day for day, visit in done if visit.order_id and day < as_of)
        visits = tuple(day for day, visit in done if visit.is_collected and not visit.order_id and day < as_of)
        name = f"p{number}"
        channels[name] = one.person.channels
        truths[name], customers[name] = tier(loaded.demo, one), Customer("+".join(sorted(one.person.channels)), orders, visits)
    words, tiers = loaded.business.tiers, loaded.tiers
    company = Company(
        customers,
        words=Words(**words.model_dump()),
        stay_days=tiers.stay_days,
        look_back_days=0,
        min_repeats=tiers.min_repeats,
    )
    return company, truths, customers, channels, as_of


def generated(n_customers: int, seed: int) -> list[Case]:
    """Every person with the rule's tier and that of whoever knows the company."""
    from reclake.settings import load_settings

    company, truths, customers, channels, as_of = of_generated(n_customers, seed)
    company_settings = load_settings(Path.cwd(), profile="local", environment={}).demo.told()
    return [
        Case(
            truths[name],
            {
                "tier": company.row(name, as_of)["tier"],
                "knows the parameters": knowing_rule(known_of(channels[name], *customer.known(as_of), as_of), company_settings),
            },
        )
        for name, customer in customers.items()
    ]


def long_after(n_customers: int, seed: int, *, days: int) -> dict[str, int]:
    """How many of those who ever bought stand in each tier so many days after the last of the company's days."""
    company, _, customers, _, as_of = of_generated(n_customers, seed)
    later = as_of + timedelta(days=days)
    buyers = [name for name, customer in customers.items() if customer.known(later)[0]]
    return dict(Counter(company.row(name, later)["tier"] for name in buyers).most_common())


def known_of(channels: Sequence[str], orders: Sequence[date], visits: Sequence[date], as_of: date) -> Known:
    """Days as ages."""
    return Known(channels, [(as_of - day).days for day in orders], [(as_of - day).days for day in visits])


def of_lake() -> list[Case]:
    """The newest as_of of the demo's lake."""
    from pyspark.sql import functions as F

    from reclake.privacy.keys import load_key
    from reclake.privacy.tokens import account_pseudonym, device_pseudonym
    from reclake.run.application import located, open_application
    from reclake.run.job import project_home
    from reclake.run.views import published
    from reclake.segment.activity import channels_of, visits_of
    from reclake.segment.orders import orders_of
    from reclake.settings import load_settings
    from reclake.tables import gold, silver

    home = project_home()
    settings = load_settings(home, profile="local")
    app = open_application(home, settings, name="tiers of the demo")
    truth = f"{located(home, settings.landing.root)}-truth/demo"
    key = load_key(located(home, settings.secrets.directory), settings.privacy.id_key_id)
    person_of = {}
    for row in app.spark.read.parquet(f"{truth}/accounts").where("not is_shared").collect():
        native = {"source": "demo", "native_id": row["native_id"]}
        is_device = row["is_device"]
        name = device_pseudonym(key, **native) if is_device else account_pseudonym(key, channel=row["channel"], **native)
        person_of[name] = row["person_id"]
    segments = published(app, gold.CUSTOMER_SEGMENTS)
    as_of = segments.agg(F.max("as_of_date")).first()[0]
    valid = published(app, silver.IDENTITIES).where((F.col("valid_from") < F.lit(as_of)) & F.col("valid_to").isNull())
    people = valid.join(published(app, silver.ACCOUNTS).where("valid_to is null").select("account_id", "channel"), "account_id")
    persons: dict[str, set[str]] = {}
    for row in valid.select("account_id", "customer_id").collect():
        if row["account_id"] in person_of:
            persons.setdefault(row["customer_id"], set()).add(person_of[row["account_id"]])
    lines = (
        published(app, silver.ORDER_LINES).where(F.col("event_date") < F.lit(as_of)).join(people.drop("channel"), "account_id")
    )
    orders = orders_of(lines).where("is_counted").select("customer_id", F.col("ordered_day").alias("day"))
    looked = visits_of(published(app, silver.SESSIONS).where(F.col("session_date") < F.lit(as_of)), people)
    done: dict[str, tuple[list[date], list[date]]] = {}
    for kind, frame in enumerate((orders, looked)):
        for row in frame.collect():
            done.setdefault(row["customer_id"], ([], []))[kind].append(row["day"])
    channels = {row["customer_id"]: row["channels"] for row in channels_of(people).collect()}
    true = {row["person_id"]: row["tier"] for row in app.spark.read.parquet(f"{truth}/persons").collect()}
    company_settings = json.loads(app.spark.read.parquet(f"{truth}/parameters").first()["settings"])
    cases = []
    for row in segments.where(F.col("as_of_date") == F.lit(as_of)).select("customer_id", "tier", "rfm_tier").collect():
        of_customer = persons.get(row["customer_id"], set())
        if len(of_customer) == 1:
            orders_then, visits_then = (sorted(days) for days in done.get(row["customer_id"], ([], [])))
            since = [day for day in visits_then if orders_then and day >= orders_then[0]]
            known = known_of(channels[row["customer_id"]].split("+"), orders_then, since, as_of)
            rules = {
                "tier": row["tier"],
                "rfm_tier": row["rfm_tier"],
                "knows the parameters": knowing_rule(known, company_settings),
            }
            cases.append(Case(true[next(iter(of_customer))], rules))
    return cases


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--generated", type=int, metavar="N", help="of N people as the generator tells them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--days-later", type=int, metavar="DAYS", help="with --generated: so many days after the last order of all"
    )
    options = parser.parse_args()
    if options.days_later:
        print(json.dumps(long_after(options.generated, options.seed, days=options.days_later)))
        return
    cases = generated(options.generated, options.seed) if options.generated else of_lake()
    print("\n".join([*table(cases), "", "tier, where it is another than the true one:", *confusion(cases, "tier")]))


if __name__ == "__main__":
    main()
