"""Small deliveries that people met in other tools, taken in and looked at: what each should give, and what it gives.

python benchmarks/cases.py --cases DIR --work DIR

DIR is a folder of cases, each a landing folder, with source files in `conf`. Where a case needs a declaration, the source is
changed here, in words that a source file may use.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reclake.errors import ReclakeError
from reclake.lake.session import open_session
from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.ingest import ingest
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import BY_NAME, STAGES

RECORDS = frozenset({
    *("silver.event_records", "silver.order_records", "silver.rejected_records", "silver.order_lines", "silver.events"),
    *("silver.account_records", "silver.consent_records"),
})
VISITS = RECORDS | {"silver.accounts", "silver.sessions"}
SEGMENTS = RECORDS | {"silver.accounts", "silver.consents", "silver.identities", "gold.customer_segments"}


@dataclass(frozen=True)
class Lake:
    """A lake that took a case in, and what was stopped on the way."""

    app: Application
    stopped: Mapping[str, ReclakeError]

    def rows(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Published rows in order, some columns of them; none where nothing is published."""
        if table not in self.app.manifest.current():
            return []
        frame = published(self.app, BY_NAME[table]).where(where).select(*columns)
        return sorted(tuple(row) for row in frame.collect())

    def values(self, table: str, column: str, where: str = "true") -> list[Any]:
        """The values of one column, in order."""
        return [row[0] for row in self.rows(table, column, where=where)]

    def reasons(self) -> dict[str, int]:
        """Reason → records that were not kept."""
        if "silver.rejected_records" not in self.app.manifest.current():
            return {}
        rows = published(self.app, BY_NAME["silver.rejected_records"]).select(F.explode("reasons").alias("reason")).collect()
        return dict(sorted(Counter(row["reason"] for row in rows).items()))

    def files(self) -> dict[str, str]:
        """File → what became of it."""
        taken = {name: reason or f"{outcome}, {n} records" for name, outcome, reason, n in self.rows("bronze.files", *_FILE)}
        return {file["file_name"]: f"{file['state']}: {file['reason']}" for file in self._reporter().files} | taken

    def _reporter(self) -> Silent:
        assert isinstance(self.app.reporter, Silent)
        return self.app.reporter


_FILE = ("file_name", "outcome", "reason", "n_records")


@dataclass(frozen=True)
class Case:
    """A delivery, the changes to its source file, and what is looked at."""

    folder: str
    shows: Callable[[Lake], Any]
    right: Any
    changes: Sequence[tuple[str, str]] = ()
    note: str = ""
    as_ofs: Sequence[date] = ()
    tables: frozenset[str] = RECORDS  # that are built; bronze is in any case


def taken_in(spark: SparkSession, case: Case, cases: Path, work: Path, number: int) -> Lake:
    """The case in a lake of its own."""
    home, place = project_home(), work / f"{number:02}-{case.folder}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(cases / case.folder, place / "landing")
    text = (cases / "conf" / "messy.toml").read_text(encoding="utf-8")
    for old, new in case.changes:
        if old not in text:
            raise ValueError(f"{case.folder}: the source has no {old!r}")
        text = text.replace(old, new)
    (place / "conf").mkdir()
    (place / "conf" / "messy.toml").write_text(text, encoding="utf-8")
    make_key_files(str(work / "secrets"), ("id1", "c1"))
    chosen = [
        f"lake.root={place / 'lake'}", f"secrets.directory={work / 'secrets'}", f"sources.directory={place / 'conf'}",
        f"mlflow.tracking_uri=sqlite:///{place}.db", f"mlflow.artifact_root={place}-models", 'sources.enabled=["messy"]',
    ]  # fmt: skip
    settings = load_settings(home, profile="test", overrides=chosen, environment={})
    app = open_application(home, settings, name="cases", spark=spark, reporter=Silent())
    stopped = ingest(app, str(place / "landing"))
    scope = replace(scope_of(app, first=None, last=None, as_ofs=tuple(case.as_ofs)), tables=case.tables)
    for stage in STAGES[1:]:
        stopped |= build_stage(app, stage, scope, stopped=stopped)
    return Lake(app, stopped)


def kept_lines(lake: Lake) -> list[tuple[Any, ...]]:
    """Order, quantity and price of the kept lines."""
    rows = lake.rows("silver.order_lines", "order_id", "quantity", "unit_price_amount")
    return [(order, quantity, f"{price:.2f}") for order, quantity, price in rows]


def names(lake: Lake) -> list[str]:
    """Names of the products on kept lines."""
    return lake.values("silver.order_lines", "product_name")


def sold(lake: Lake) -> tuple[Any, ...]:
    """Orders of each known customer who bought, and what stopped."""
    return lake.values("gold.customer_segments", "n_orders", "n_orders > 0"), sorted(lake.stopped)


def people(lake: Lake) -> dict[str, Any]:
    """Events of machines, logins that are people, and visits by a device."""
    return {
        "events of machines": len(lake.values("silver.events", "event_id", "is_bot")),
        "people": len(set(lake.values("silver.accounts", "account_id", "not is_device and not is_machine"))),
        "logins in one visit, at most": max(_logins_by_visit(lake), default=0),
    }


def _logins_by_visit(lake: Lake) -> list[int]:
    visits = published(lake.app, BY_NAME["silver.sessions"]).select("unit_id", "started_at", "ended_at")
    events = published(lake.app, BY_NAME["silver.events"]).withColumn("unit_id", F.coalesce("device_id", "account_id"))
    inside = events.join(visits, "unit_id").where(F.col("occurred_at").between(F.col("started_at"), F.col("ended_at")))
    counted = inside.groupBy("unit_id", "started_at").agg(F.countDistinct("login_account_id").alias("n")).collect()
    return [row["n"] for row in counted]


def decided(lake: Lake) -> dict[str, str]:
    """File → taken in with so many records, or the beginning of why not."""
    return {name.rpartition("/")[2]: " ".join(said.split()[:4]) for name, said in lake.files().items()}


def refused(lake: Lake) -> dict[str, int]:
    """Reason, without the format that was asked for → records."""
    return {reason.partition(" than in ")[0].partition(" as yyyy")[0]: n for reason, n in lake.reasons().items()}


TILL_ACCOUNT = 'account_id = { from = "customer", type = "account" }'
GBK = (('pattern = "tills/*.csv"', 'pattern = "tills/*.csv"\nencoding = "gb18030"'),)
GERMAN = (
    ('from = "qty", type = "long"', 'from = "qty", type = "long", decimal_mark = ",", group_mark = "."'),
    (
        'from = "price", type = "decimal"',
        'from = "price", type = "decimal", decimal_mark = ",", group_mark = ".", currency_signs = ["€", "EUR"]',
    ),
)
NONE = ((TILL_ACCOUNT, TILL_ACCOUNT.replace(" }", ', none = ["0", "-1"] }')),)
AUTOMATIC = (("by_behaviour = true", 'by_behaviour = true\nautomatic_events = ["view_page"]'),)
TEXTS = (('pattern = "webshop/*.jsonl"', 'pattern = "webshop/*.jsonl"\nvalues = "as_text"'),)
DROPPED = (("min = 1, max = 5 }", 'min = 1, max = 5, outside = "drop" }'),)
WHOLE = (
    (TILL_ACCOUNT, TILL_ACCOUNT.replace(" }", ", whole_number = true }")),
    ('from = "sku", type = "product" }', 'from = "sku", type = "product", whole_number = true }'),
)
NO_TIME = "ordered_at is not a time: "
KETTLE = "7300000000000000201"

CASES = (
    Case("P01-gbk", names, sorted(["green tea", "毛帽", "猫", "绿茶", "雨伞", "陶瓷杯"]), GBK, "encoding declared"),
    Case("P01-gbk", decided, {"p01-gbk-2026-02-01.csv": "is not in UTF-8:"}, note="undeclared"),
    Case("P04-blank-lines", lambda lake: (len(kept_lines(lake)), lake.reasons()), (4, {})),
    Case("P05-trailing-delimiters", lambda lake: (len(kept_lines(lake)), lake.reasons()), (2, {})),
    Case(
        "P07-decimal-comma",
        kept_lines,
        [
            *(("P07-1", 1, "12.50"), ("P07-2", 1, "1234.56"), ("P07-3", 1, "1234.00")),
            *(("P07-4", 1, "3.00"), ("P07-5", 1, "3.00"), ("P07-7", 1000, "2.50")),
        ],
        GERMAN,
        "marks declared",
    ),
    Case("P07-decimal-comma", kept_lines, [], note="undeclared: nothing is guessed"),
    Case("P08-null-words", lambda lake: set(lake.values("silver.order_lines", "account_id")), {None}, NONE, "0 and -1 declared"),
    Case(
        "P09-zero-device",
        people,
        {"events of machines": 0, "people": 40, "logins in one visit, at most": 1},
        tables=VISITS,
    ),
    Case(
        "P10-heartbeat",
        people,
        {"events of machines": 0, "people": 1, "logins in one visit, at most": 1},
        AUTOMATIC,
        "view_page declared automatic",
        tables=VISITS,
    ),
    Case(
        "P12-times",
        refused,
        {
            NO_TIME + "it is a day without a time of day": 1,
            NO_TIME + "it is a number, as epochs and spreadsheets count times": 3,
            NO_TIME + "it is not written": 1,
            NO_TIME + "its hour is 24": 1,
            NO_TIME + "its month or day does not exist": 1,
            NO_TIME + "its second is 60": 1,
            NO_TIME + "its year has two digits": 1,
            NO_TIME + "its year, month and day stand in another order": 2,
            NO_TIME + "the clocks of Europe/Berlin skip it": 1,
            "ordered_at is in the future": 1,
            "ordered_at is too long ago": 1,
        },
    ),
    Case(
        "P13-fractions",
        lambda lake: (len(lake.values("silver.events", "event_id")), lake.reasons()),
        (11, {"occurred_at is not a time: the clocks of Europe/Berlin skip it": 1}),
    ),
    Case(
        "P14-webshop-json",
        lambda lake: (lake.rows("silver.order_lines", "order_id", "line_id", "product_id"), lake.reasons()),
        (
            [("4503604567890123457", "9007199254740993", KETTLE), ("4503604567890123458", "9007199254740994", KETTLE)],
            {"its id was delivered before with other content": 1},
        ),
        TEXTS,
        "as_text",
    ),
    Case(
        "P16-json-oddities",
        lambda lake: lake.rows("silver.events", "event_id", "product_id", "rating"),
        [("P16-10", None, None), ("P16-4", None, None), ("P16-5", None, None), ("P16-6", "P1", None)],
        DROPPED,
        "the rating costs its value",
    ),
    Case(
        "P17-containers",
        decided,
        {
            "p17-members-2026-02-01.jsonl.gz": "ingested, 3 records",
            "p17-packed-2026-02-01.csv.gz": "ingested, 1 records",
            "p17-upper-2026-02-01.CSV": "ingested, 1 records",
            "p17-sep-2026-02-01.csv": "ingested, 1 records",
            "p17-cut-2026-02-01.jsonl.gz": "is cut off: its",
            "p17-html-2026-02-01.csv": "has no header line:",
            "p17-xlsx-2026-02-01.csv": "holds a zip archive,",
        },
    ),
    Case(
        "P20-float-ids",
        decided,
        {"p20-2026-02-01.parquet": "its column customer holds", "p20-same-person-2026-02-01.csv": "ingested, 1 records"},
        note="undeclared",
    ),
    Case(
        "P20-float-ids",
        lambda lake: (kept_lines(lake), lake.reasons().get("account_id is no exact whole number")),
        ([("P20-9", 1, "2.50")], 2),
        WHOLE,
        "whole_number: ids beyond 2^53 are refused, 85125.0 is read",
    ),
    Case(
        "P21-barcode-as-quantity",
        lambda lake: (sold(lake), lake.reasons()),
        (([1] * 9, []), {"line_amount is outside its limits": 2, "quantity is outside its limits": 2}),
        tables=SEGMENTS,
    ),
    Case(
        "P23-colon-name",
        lambda lake: (len(kept_lines(lake)), decided(lake)),
        (1, {"p23-good-2026-02-01.csv": "ingested, 1 records", "p23-2026-02-01T10:30:00.csv": "refused: has a colon"}),
    ),
    Case("P25-order-numbers", sold, ([1, 1, 2], []), tables=SEGMENTS),
    Case("P34-noreply", lambda lake: (sold(lake), lake.reasons()), (([1, 1, 1], []), {}), tables=SEGMENTS),
    Case(
        "P21-barcode-as-quantity",
        lambda lake: (lake.values("gold.customer_segments", "customer_id"), sorted(lake.stopped)),
        ([], []),
        note="an as_of before all data",
        as_ofs=(date(2020, 1, 1),),
        tables=SEGMENTS,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder of the cases")
    parser.add_argument("--work", type=Path, required=True, help="folder for the lakes")
    parser.add_argument("--only", help="cases whose name holds this")
    options = parser.parse_args()
    spark = open_session(project_home() / "conf" / "spark" / "test", name="cases")
    n_wrong = 0
    for number, case in enumerate(CASES):
        if options.only and options.only not in case.folder:
            continue
        lake = taken_in(spark, case, options.cases, options.work, number)
        shown = case.shows(lake)
        is_right = shown == case.right
        n_wrong += not is_right
        print(f"{case.folder:<26}{'right' if is_right else 'WRONG':<7}{case.note}", flush=True)
        if not is_right:
            print(f"  shows   {shown}\n  wanted  {case.right}\n  files   {lake.files()}\n  reasons {lake.reasons()}")
            print(f"  stopped { ({name: str(why) for name, why in lake.stopped.items()}) }", flush=True)
    print(f"{n_wrong} wrong")
    spark.stop()


if __name__ == "__main__":
    main()
