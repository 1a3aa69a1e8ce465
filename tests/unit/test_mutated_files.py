"""Files that chance has spoiled: each gets a verdict, and a good one gives again what was counted."""

import gzip
import io
import random
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reclake.sources.feed import DeliveryDay, Feed
from reclake.sources.mapping import ColumnMapping
from reclake.sources.split import opened
from reclake.sources.verdict import Zones, verdict

LIMITS = SimpleNamespace(max_file_bytes=1 << 20, max_unpacked_ratio=100, max_record_bytes=2048)
ZONES = Zones(ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai"))
ARRIVED = datetime(2026, 3, 10, tzinfo=UTC)
COLUMNS = {
    "occurred_at": ColumnMapping(from_="at", type="timestamp", format="iso"),
    "order_id": ColumnMapping(from_="id", type="string"),
    "unit_price_amount": ColumnMapping(from_="price", type="decimal"),
}
ROWS = [(f"o{n}", f"2026-03-0{n % 9 + 1}T10:00:00", f"{n},50", ("tea", "绿茶", 'a "b"', "x\ny")[n % 4]) for n in range(40)]
LISTED = b'"\n\r,;{}[]\\\x00\xff\xfe\xef\xbb\xbf\t 0'


def csv_file(delimiter, codec):
    rows = [("id", "at", "price", "title"), *ROWS]
    quoted = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return "".join(line + "\r\n" for line in quoted).encode(codec)


def json_file(codec):
    return "".join(f'{{"id": "{i}", "at": "{at}", "price": "{price}"}}\n' for i, at, price, _ in ROWS).encode(codec)


def parquet_file(**options):
    sink = io.BytesIO()
    ids, ats, prices, titles = (list(column) for column in zip(*ROWS, strict=True))
    pq.write_table(pa.table({"id": ids, "at": ats, "price": prices, "title": titles}), sink, **options)
    return sink.getvalue()


def feed(form, **options):
    day = DeliveryDay(from_="last_event", column="occurred_at")
    return Feed.model_construct(format=form, columns=COLUMNS, delivery_day=day, **options)


FILES = {
    "csv": (csv_file(",", "utf-8"), "x.csv", feed("csv")),
    "csv with semicolons in GB 18030": (csv_file(";", "gb18030"), "x.csv", feed("csv", delimiter=";", encoding="gb18030")),
    "csv in UTF-16": (csv_file("\t", "utf-16"), "x.csv", feed("csv", delimiter="\t", encoding="utf-16")),
    "csv that may be empty": (csv_file(",", "utf-8"), "x.csv", feed("csv", may_be_empty=True)),
    "csv.gz": (gzip.compress(csv_file(",", "utf-8")), "x.csv.gz", feed("csv")),
    "json lines": (json_file("utf-8"), "x.jsonl", feed("json_lines")),
    "json lines in UTF-16": (json_file("utf-16"), "x.jsonl", feed("json_lines", encoding="utf-16")),
    "json lines that may be empty": (json_file("utf-8"), "x.jsonl", feed("json_lines", may_be_empty=True)),
    "json.gz": (gzip.compress(json_file("utf-8")), "x.jsonl.gz", feed("json_lines")),
    "parquet": (parquet_file(), "x.parquet", feed("parquet")),
    "plain parquet": (
        parquet_file(compression="none", use_dictionary=False, write_page_checksum=True),
        "x.parquet",
        feed("parquet"),
    ),
}


def mutated(content, rng):
    """The bytes with one to four faults: a byte changed, put in or lost, a stretch lost, doubled or moved, an end cut off."""
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(spoiled) + 1), rng.choice([1, 2, 7, 100, 5000])
        piece = spoiled[at : at + length]
        match rng.randrange(7):
            case 0:
                spoiled[at : at + 1] = bytes([rng.choice(LISTED)])
            case 1:
                spoiled[at:at] = bytes([rng.randrange(256)])
            case 2:
                spoiled[at:at] = bytes([rng.choice(LISTED)]) * rng.choice([1, 3, 300])
            case 3:
                del spoiled[at : at + length]
            case 4:
                spoiled[at:at] = piece
            case 5:
                del spoiled[at : at + length]
                spoiled += piece
            case 6:
                del spoiled[at:]
    return bytes(spoiled)


def judged(content, name, of):
    return verdict(content, name, of, arrived_at=ARRIVED, limits=LIMITS, zones=ZONES)


@pytest.mark.parametrize("kind", FILES)
def test_a_verdict_always_comes_and_a_good_one_is_kept(kind):
    content, name, of = FILES[kind]
    whole = judged(content, name, of)
    assert (whole.reason, whole.n_records) == (None, len(ROWS))
    rng = random.Random(kind)
    n_good = 0
    for _ in range(100):
        spoiled = mutated(content, rng)
        found = judged(spoiled, name, of)
        assert found.reason is None or (found.n_records, found.last_day, found.note) == (0, None, None)
        if found.reason is None:
            n_good += 1
            again = opened(spoiled, name, of, LIMITS, is_judged=True)
            assert sum(1 for _ in again.records) == found.n_records
            assert again.counts == found.lines
            assert found.lines.n_unaccounted == 0
    assert n_good < 100  # the faults are faults


@pytest.mark.parametrize("line", [b'"', b'",', b'""', b',"', b'a"b', b'"\n"', b'x,"y\n', b'"",""', b'"x,y"z,"'])
def test_no_pattern_of_quotes_takes_more_than_linear_time(line):
    def seconds(n):
        content = b"id,at,price\n" + (line + b"\n") * n
        started = time.thread_time()
        judged(content, "x.csv", feed("csv"))
        return time.thread_time() - started

    least = min(seconds(2000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(2)) < 16 * 6 * least + 0.1
