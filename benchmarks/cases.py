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
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reclake.errors import ReclakeError
from reclake.lake.session import open_session
from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import run_graph
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import BY_NAME

STAGES = ("bronze", "silver", "customers", "behaviour", "recommendations")


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
        return taken | {file["file_name"]: f"{file['state']}: {file['reason']}" for file in self._reporter().files}

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
    only: Sequence[str] = field(default=())  # folders of the case that are delivered; all for none


def taken_in(spark: SparkSession, case: Case, cases: Path, work: Path, number: int) -> Lake:
    """The case in a lake of its own."""
    home, place = project_home(), work / f"{number:02}-{case.folder}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(cases / case.folder, place / "landing")
    if case.only:
        for path in (place / "landing").iterdir():
            if path.name not in case.only:
                shutil.rmtree(path)
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
    stopped = run_graph(app, folder=str(place / "landing"), stages=STAGES, as_ofs=tuple(case.as_ofs))
    return Lake(app, stopped)


def kept_lines(lake: Lake) -> list[tuple[Any, ...]]:
    """Order, quantity and price of the kept lines."""
    return [
        (order, n, f"{price:.2f}")
        for order, n, price in lake.rows("silver.order_lines", "order_id", "quantity", "unit_price_amount")
    ]


def names(lake: Lake) -> list[str]:
    """Names of the products on kept lines."""
    return lake.values("silver.order_lines", "product_name")


def sold(lake: Lake) -> tuple[Any, ...]:
    """Known customers with their orders, and what stopped."""
    return (sorted(lake.values("gold.customer_segments", "n_orders", "n_orders > 0")), sorted(lake.stopped))


def people(lake: Lake) -> dict[str, Any]:
    """How many events are of people, their accounts, and visits by the accounts they hold."""
    return {
        "flagged": len(lake.values("silver.events", "event_id", "is_bot")),
        "logins that are customers": len(set(lake.values("silver.accounts", "account_id", "not is_device and not is_machine"))),
        "visits of nobody's device": len(lake.values("silver.sessions", "unit_id", "unit_id like 'd_%'")),
    }


DAY_AFTER = date(2026, 2, 2)
GBK = (('pattern = "tills/*.csv"', 'pattern = "tills/*.csv"\nencoding = "gb18030"'),)
GERMAN = (
    ('quantity = { from = "qty", type = "long", required = true }', 'quantity = { from = "qty", type = "long", required = true, group_mark = "." }'),
    (
        'unit_price_amount = { from = "price", type = "decimal", required = true }',
        'unit_price_amount = { from = "price", type = "decimal", required = true, decimal_mark = ",", group_mark = ".", currency_signs = ["€", "EUR"] }',
    ),
)  # fmt: skip
NONE = (
    (
        'account_id = { from = "customer", type = "account" }',
        'account_id = { from = "customer", type = "account", none = ["0", "-1"] }',
    ),
)
AUTOMATIC = (("by_behaviour = true", 'by_behaviour = true\nautomatic_events = ["view_page"]'),)
TEXTS = (('pattern = "webshop/*.jsonl"', 'pattern = "webshop/*.jsonl"\nvalues = "as_text"'),)
DROPPED = (('type = "double", min = 1, max = 5 }', 'type = "double", min = 1, max = 5, outside = "drop" }'),)
WHOLE = (
    ('account_id = { from = "customer", type = "account" }', 'account_id = { from = "customer", type = "account", whole_number = true }'),
    ('product_id = { from = "sku", type = "product" }', 'product_id = { from = "sku", type = "product", whole_number = true }'),
)  # fmt: skip

CASES = (
    Case("P01-gbk", names, sorted(["green tea", "毛帽", "猫", "绿茶", "雨伞", "陶瓷杯"]), GBK, "declared"),
    Case("P01-gbk", lambda lake: [r.partition(":")[0] for r in lake.files().values()], ["is not in UTF-8"], note="undeclared"),
    Case("P04-blank-lines", lambda lake: (len(kept_lines(lake)), lake.reasons()), (4, {})),
    Case("P05-trailing-delimiters", lambda lake: (len(kept_lines(lake)), lake.reasons()), (2, {})),
    Case(
        "P07-decimal-comma", kept_lines,
        [("P07-1", 1, "12.50"), ("P07-2", 1, "1234.56"), ("P07-3", 1, "1234.00"), ("P07-4", 1, "3.00"), ("P07-5", 1, "3.00"), ("P07-7", 1000, "2.50")],
        GERMAN, "declared",
    ),
    Case("P07-decimal-comma", lambda lake: len(kept_lines(lake)), 1, note="undeclared: 2.50 alone is read, 1.234 is not guessed"),
    Case("P08-null-words", lambda lake: set(lake.values("silver.order_lines", "account_id")), {None}, NONE, "0 and -1 declared"),
    Case("P09-zero-device", people, {"flagged": 0, "logins that are customers": 40, "visits of nobody's device": 0}),
    Case("P10-heartbeat", people, {"flagged": 0, "logins that are customers": 1, "visits of nobody's device": 1}, AUTOMATIC, "view_page automatic"),
    Case("P12-times", lambda lake: len(lake.reasons()), 11, note="kinds of reasons"),
    Case("P13-fractions", lambda lake: (len(lake.values("silver.events", "event_id")), list(lake.reasons())), (11, ["occurred_at is not a time: the clocks of Europe/Berlin skip it"])),
    Case(
        "P14-webshop-json", lambda lake: lake.rows("silver.order_lines", "order_id", "line_id", "product_id"),
        [("4503604567890123457", "9007199254740993", "7300000000000000201"), ("4503604567890123458", "9007199254740994", "7300000000000000201")],
        TEXTS, "as_text; the third repeats an id with other content",
    ),
    Case("P16-json-oddities", lambda lake: lake.values("silver.events", "event_id"), ["P16-10", "P16-5", "P16-6"], DROPPED, "rating may be dropped"),
    Case("P17-containers", lambda lake: len(lake.files()), 7),
    Case("P20-float-ids", lambda lake: len(kept_lines(lake)), 1, note="undeclared: the Parquet file is refused"),
    Case("P20-float-ids", lambda lake: len(set(lake.values("silver.order_lines", "account_id"))), 3, WHOLE, "whole_number"),
    Case("P21-barcode-as-quantity", sold, ([1] * 9, [])),
    Case("P23-colon-name", lambda lake: (len(kept_lines(lake)), len(lake.files())), (1, 2)),
    Case("P25-order-numbers", sold, ([1, 1, 2], [])),
    Case("P34-noreply", sold, ([1, 1, 1], [])),
    Case("P21-barcode-as-quantity", lambda lake: (lake.values("gold.customer_segments", "customer_id"), sorted(lake.stopped)), ([], []), as_ofs=(date(2020, 1, 1),), note="as_of before all data"),
)  # fmt: skip


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
        n_wrong += shown != case.right
        print(f"{case.folder:<26}{'right' if shown == case.right else 'WRONG':<7}{case.note}")
        for line in (f"  shows   {shown}", f"  wanted  {case.right}") if shown != case.right else (f"  {shown}",):
            print(line)
        for what, found in (
            ("files", lake.files()),
            ("reasons", lake.reasons()),
            ("stopped", {k: str(v) for k, v in lake.stopped.items()}),
        ):
            if (found and what != "files") or any("records" not in said for said in found.values() if what == "files"):
                print(f"  {what}: {found}")
    print(f"{n_wrong} wrong")
    spark.stop()


if __name__ == "__main__":
    main()
