"""The rules, against hand-made days, and a plain reading of random ones."""

import json
import random
import statistics
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import groupby, pairwise
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from frames import frame
from reclake.behaviour.bots import behaviour_rules, bot_reason, is_crawler, is_listed, with_activity
from reclake.tables import silver

LIMITS = SimpleNamespace(max_events_per_minute=3, min_events_for_rhythm=5, min_gap_deviation=0.05, max_active_hours=20)
DAY = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
FIREFOX = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:32.0) Gecko/20100101 Firefox/32.0"


def reason_of(spark, seconds, *, automatic=()):
    """The reason for one unit with events at these seconds of the day, and others that its client sends by itself."""
    rows = [
        dict(source="demo", event_date=DAY, position=n, occurred_at=MIDNIGHT + timedelta(seconds=s), event_type=kind)
        for kind, of_kind in (("view_item", seconds), ("heartbeat", automatic))
        for n, s in enumerate(of_kind)
    ]
    events = frame(spark, silver.EVENTS, *rows).withColumn("unit_id", F.lit("d"))
    is_automatic = F.col("event_type") == "heartbeat" if automatic else None
    judged = with_activity(events, is_automatic=is_automatic)
    rules = behaviour_rules(LIMITS, is_person=F.col("is_by_hand"))
    reasons = {row.reason for row in judged.select(bot_reason(rules).alias("reason")).collect()}
    assert len(reasons) == 1, "every event of the unit's day gets the same answer"
    return reasons.pop()


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        ([30, 40, 70], None),
        ([30, 40, 70, 89.999], "events_per_minute"),  # four within 60 seconds, over a minute's end
        ([30, 40, 70, 90], None),  # four in exactly 60 seconds are not within them
        ([0, 100, 200, 300], None),  # even, but too few to judge
        ([0, 100, 200, 300, 400], "rhythm"),
        ([0, 100, 200, 300, 411], "rhythm"),  # deviation 4.76 over a mean of 102.75 is 0.046
        ([0, 100, 200, 300, 420], None),  # 8.66 over 105 is 0.082
        ([hour * 3600 + (hour * 701) % 1800 for hour in range(20)], None),
        ([hour * 3600 + (hour * 701) % 1800 for hour in range(21)], "active_hours"),
        ([0] * 5, "events_per_minute"),  # no gap but 0: too fast, but no rhythm
        ([n * 3600 for n in range(24)], "active_hours; rhythm"),
    ],
)
def test_a_day_is_judged(spark, seconds, reason):
    assert reason_of(spark, seconds) == reason


PINGS = [n * 15 for n in range(200)]


@pytest.mark.parametrize(
    ("seconds", "automatic", "reason"),
    [
        ([7], PINGS, None),
        ([0, 100, 200, 300, 400], [3, 5, 7], "rhythm"),  # gaps are measured between the others
        ([0, 100, 200, 300, 420], [3, 5, 7], None),
        ([30, 40, 70, 89.999], PINGS, "events_per_minute"),
        ([30, 40, 70, 90], PINGS, None),
        ([hour * 3600 + (hour * 701) % 1800 for hour in range(21)], PINGS, "active_hours"),
        ([7, 80000], [n * 3600 for n in range(24)], None),
    ],
)
def test_events_that_a_client_sends_by_itself_count_for_no_behaviour(spark, seconds, automatic, reason):
    assert reason_of(spark, seconds, automatic=automatic) == reason


def expected_reason(moments):
    """The rules again, event by event."""
    moments = sorted(moments)
    met = set()
    if any(sum(0 <= (end - m).total_seconds() < 60 for m in moments) > LIMITS.max_events_per_minute for end in moments):
        met.add("events_per_minute")
    gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    has_rhythm = len(moments) >= LIMITS.min_events_for_rhythm and sum(gaps) > 0
    if has_rhythm and statistics.pstdev(gaps) / statistics.fmean(gaps) < LIMITS.min_gap_deviation:
        met.add("rhythm")
    if len({m.replace(minute=0, second=0, microsecond=0) for m in moments}) > LIMITS.max_active_hours:
        met.add("active_hours")
    return "; ".join(sorted(met)) or None


def random_days(seed):
    """Days of machines and people, some at the limits."""
    rng = random.Random(seed)
    for unit in range(60):
        kind = rng.choice(("person", "even", "burst", "sleepless"))
        source = rng.choice(("demo", "shop"))
        if kind == "even":
            step = rng.choice((40, 400))
            moments = [1000 + n * step + rng.uniform(0, 0.2) * step * rng.choice((0, 0.3, 1)) for n in range(rng.randint(3, 9))]
        elif kind == "burst":
            moments = [rng.choice((0, 10, 59, 60, 61, 90, 119, 120)) for _ in range(rng.randint(3, 7))]
        else:
            hours = rng.sample(range(24), rng.randint(19, 24) if kind == "sleepless" else 5)
            moments = [hour * 3600 + rng.randrange(3600) for hour in hours]
        for second in moments:
            yield f"u{unit % 40}", source, MIDNIGHT + timedelta(days=unit % 2, microseconds=int(second * 1e6))


def test_random_days_are_judged_as_a_plain_reading_judges_them(spark):
    rows = sorted(random_days(seed=5))
    expected = {key: expected_reason([row[2] for row in days]) for key, days in groupby(rows, key=lambda row: row[:2])}
    assert {"events_per_minute", "rhythm", "active_hours", None} <= set(expected.values())
    events = spark.createDataFrame(rows, "unit_id string, source string, occurred_at timestamp")
    named = events.withColumns({"event_type": F.lit("view_item"), "login_account_id": F.lit(None).cast("string")})
    judged = with_activity(named.withColumn("event_date", F.to_date("occurred_at")))
    rules = behaviour_rules(LIMITS, is_person=F.col("is_by_hand"))
    found = judged.select("unit_id", "source", bot_reason(rules).alias("reason")).distinct().collect()
    assert {(row.unit_id, row.source): row.reason for row in found} == expected
    assert len(found) == len(expected)


def test_user_agents_are_looked_up_by_their_exact_case_and_nothing_decides_nothing(spark):
    agents = [GOOGLE, GOOGLE.upper(), FIREFOX, GOOGLE, "", "  ", "-", None]
    seen = spark.createDataFrame([(n, agent) for n, agent in enumerate(agents)], "n long, user_agent string")
    found = [row.listed for row in seen.select("n", is_crawler("user_agent").alias("listed")).orderBy("n").collect()]
    assert found == [True, False, False, True, False, False, False, None]


def test_every_example_of_the_list_is_found():
    listed = json.loads(files("crawleruseragents").joinpath("crawler-user-agents.json").read_text())
    examples = [example for entry in listed for example in entry["instances"]]
    assert len(examples) > 2_000
    assert all(is_listed(example) for example in examples)


@pytest.mark.data
def test_a_real_log_has_74_crawlers_with_1955_lines(spark, root):
    log = root.parent / "shared" / "data" / "weblogs" / "apache_logs"
    if not log.exists():
        pytest.skip("needs shared/data/weblogs")
    agents = [line.rsplit('"', 2)[1] for line in log.read_text(errors="replace").splitlines() if line.endswith('"')]
    seen = spark.createDataFrame([(agent,) for agent in agents], "user_agent string").repartition(3)
    by_agent = {
        row.user_agent: row for row in seen.groupBy("user_agent", is_crawler("user_agent").alias("listed")).count().collect()
    }
    assert (len(agents), len(by_agent)) == (9_999, 558)
    crawlers = [row for row in by_agent.values() if row.listed]
    assert (len(crawlers), sum(row["count"] for row in crawlers)) == (74, 1_955)
