"""A drop of good and bad files: the good ones land once, the others by name."""

import gzip
import hashlib
import io
import os
import random
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frames import contents, frame, in_order
from reclake.errors import UsageError
from reclake.lake.schema import conform
from reclake.sources import reading
from reclake.sources.intake import Waiting, take_in
from reclake.sources.source import Source
from reclake.tables import bronze

LIMITS = SimpleNamespace(max_file_bytes=200_000, max_unpacked_ratio=100, max_record_bytes=4096, max_depth=32)
ARRIVED = datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 2, tzinfo=UTC)
BY_NAME_DAY = {"from": "name", "pattern": r"(\d{4}-\d{2}-\d{2})"}


def feed(table, pattern, form, columns, **options):
    options = {"delivery_day": BY_NAME_DAY, "duplicates": "drop"} | options
    return {"table": table, "pattern": pattern, "format": form, "columns": columns} | options


def mapped(name, kind="string", **options):
    return {"from": name, "type": kind} | options


EVENT = {
    "occurred_at": mapped("at", "timestamp", format="iso"),
    "event_type": mapped("type"),
    "device_id": mapped("device", "device"),
    "channel": {"constant": "web", "type": "string"},
}
PRODUCT = {"product_id": mapped("id", "product"), "product_name": mapped("name")}


def source(marker="rename", *, options=None, columns=None, **completion):
    """The shop's source; `options` and `columns` are added to the feeds that they name."""
    options, columns = options or {}, columns or {}
    return Source.model_validate({
        "name": "shop",
        "description": "A shop.",
        "basis": "research",
        "time_zone": "UTC",
        "historical": True,
        "completion": {"marker": marker} | completion,
        "bots": {"by_user_agent": False, "by_behaviour": False},
        "feeds": {
            "clicks": feed("events", "clicks/*.jsonl*", "json_lines", EVENT),
            "history": feed(
                "events",
                "history.jsonl",
                "json_lines",
                EVENT,
                delivery_day={"from": "last_event", "column": "occurred_at"},
                **options.get("history", {}),
            ),
            "products": feed("products", "**/products-*.csv*", "csv", PRODUCT | columns.get("products", {})),
            "stock": feed("products", "stock-*.parquet", "parquet", PRODUCT),
        },
    })


def click(at="2026-03-01T10:00:00", **fields):
    return (f'{{"at": "{at}", "type": "view_item", "device": "{fields.get("device", "d1")}"}}').encode()


def drop(folder, files, at=ARRIVED):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at.timestamp(), at.timestamp()))
    return str(folder)


def taken(spark, folder, *, known=None, days=None, batch="b1", of=None, now=NOW, limits=LIMITS):
    return take_in(spark, of or source(), str(folder), known=known, delivery_days=days, limits=limits, now=now, batch_id=batch)


def decided(intake):
    """Name → outcome, or reason of a rejected file."""
    return {row["file_name"]: row["reason"] or row["outcome"] for row in contents(intake.files, "file_name", "outcome", "reason")}


def raws(intake, noun="events"):
    return sorted(
        (row["file_name"], row["position"], bytes(row["raw"]))
        for row in contents(intake.records[noun], "file_name", "position", "raw")
    )


def digest(content):
    return hashlib.sha256(content).hexdigest()


def parquet(**columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_every_kind_of_file_becomes_whole_rows(spark, tmp_path):
    csv_file = b'id,name\r\n1,"green\ntea"\r\n2,cup\r\n'
    packed = gzip.compress(click() + b"\n")
    stock = parquet(id=["3"], name=["pot"])
    folder = drop(
        tmp_path / "shop [1]",
        {"clicks/2026-03-01.jsonl.gz": packed, "a/b/products-2026-03-02.csv": csv_file, "stock-2026-03-02.parquet": stock},
    )
    intake = taken(spark, folder)

    def rows(name, day, content, form, raw_records, header=None):
        same = {
            "source": "shop", "delivery_day": date.fromisoformat(day), "file_digest": digest(content), "file_name": name, "format": form,
            "header": header, "arrived_at": ARRIVED.replace(tzinfo=None), "replaces_digest": None, "batch_id": "b1", "intake_note": None,
        }  # fmt: skip
        lines = content.split(b"\n")
        return [
            same
            | {"position": i, "raw": bytearray(raw), "content_hash": digest(raw)}
            | {"line": i + 1 if form != "csv" else next(n for n, line in enumerate(lines, 1) if line[:2] == raw[:2])}
            for i, raw in enumerate(raw_records)
        ]

    assert contents(conform(intake.records["events"], bronze.EVENTS)) == in_order(
        *rows("clicks/2026-03-01.jsonl.gz", "2026-03-01", packed, "json_lines", [click()])
    )
    assert contents(conform(intake.records["products"], bronze.PRODUCTS)) == in_order(
        *rows("a/b/products-2026-03-02.csv", "2026-03-02", csv_file, "csv", [b'1,"green\ntea"', b"2,cup"], header="id,name"),
        *rows("stock-2026-03-02.parquet", "2026-03-02", stock, "parquet", [b'{"id":"3","name":"pot"}']),
    )
    assert set(intake.records) == {"events", "products"}
    assert contents(conform(intake.files, bronze.FILES), "file_name", "feed", "outcome", "n_bytes", "n_records") == in_order(
        {
            "file_name": "clicks/2026-03-01.jsonl.gz",
            "feed": "clicks",
            "outcome": "ingested",
            "n_bytes": len(packed),
            "n_records": 1,
        },
        {
            "file_name": "a/b/products-2026-03-02.csv",
            "feed": "products",
            "outcome": "ingested",
            "n_bytes": len(csv_file),
            "n_records": 2,
        },
        {"file_name": "stock-2026-03-02.parquet", "feed": "stock", "outcome": "ingested", "n_bytes": len(stock), "n_records": 1},
    )
    assert (intake.waiting, intake.skipped) == ([], [])


def test_frames_have_the_declared_schema(spark, tmp_path):
    intake = taken(spark, drop(tmp_path, {"clicks/2026-03-01.jsonl": click()}))
    for built, table in ((intake.records["events"], bronze.EVENTS), (intake.files, bronze.FILES)):
        declared = frame(spark, table).schema
        assert [(field.name, field.dataType) for field in built.schema] == [(field.name, field.dataType) for field in declared]


def test_broken_files_are_refused_by_name_and_the_good_ones_land(spark, tmp_path):
    good = b"\n".join(click(device=f"d{i}") for i in range(50)) + b"\n"
    packed, table = gzip.compress(random.Random(7).randbytes(9000).hex().encode()), parquet(id=["1"], name=["x"])
    bomb = gzip.compress(b'{"a": "' + b"0" * 2_000_000 + b'"}')
    broken = {
        "clicks/2026-03-01-empty.jsonl": (b"", "is empty"),
        "clicks/2026-03-01-half.jsonl": (good[:-30], "cut off"),
        "clicks/2026-03-01-half.jsonl.gz": (packed[: len(packed) // 2], "cut off"),
        "clicks/2026-03-01-bomb.jsonl.gz": (bomb, "more than 100 times"),
        "clicks/2026-03-01-large.jsonl": (good * 60, "deliver it in parts"),
        "clicks/2026-03-01-plain.jsonl.gz": (good, "is no gzip"),
        "clicks/2026-03-01-packed.jsonl": (gzip.compress(good), "its name does not say so"),
        "clicks/2026-03-01-parquet.jsonl": (table, "holds Parquet"),
        "clicks/2026-03-01-csv.jsonl": (b"at,type\n1,2\n", "no JSON object"),
        "clicks/2026-02-30.jsonl": (good + b"\n", "states no delivery day"),
        "products-2026-03-01-a.csv": (b"1,tea\n2,cup\n", "no header line"),
        "products-2026-03-01-b.csv": (b'id,name\n1,tea\n2,"cup', "cut off"),
        "products-2026-03-01-c.csv": (b"id,title\n1,tea\n", "its header lacks ['name']"),
        "stock-2026-03-01-a.parquet": (table[: len(table) // 2], "cut off or damaged"),
        "stock-2026-03-01-b.parquet": (b"id,name\n1,tea\n", "is not Parquet"),
        "stock-2026-03-01-c.parquet": (parquet(id=["1"]), "its schema lacks ['name']"),
    }
    folder = drop(tmp_path, {name: content for name, (content, _) in broken.items()} | {"clicks/2026-03-01.jsonl": good})
    intake = taken(spark, folder)
    found = decided(intake)
    assert found.pop("clicks/2026-03-01.jsonl") == "ingested"
    assert found.keys() == broken.keys()
    assert {name: reason for name, reason in found.items() if broken[name][1] not in reason} == {}
    assert raws(intake) == [("clicks/2026-03-01.jsonl", i, click(device=f"d{i}")) for i in range(50)]
    assert "products" not in intake.records
    assert {row["n_records"] for row in contents(intake.files.where("outcome = 'rejected'"))} == {0}


def test_unfinished_and_unknown_files_wait(spark, tmp_path):
    names = ["clicks/2026-03-01.jsonl.tmp", "clicks/2026-03-01.jsonl.PART", "clicks/2026-03-01.jsonl.crdownload", "notes.txt"]
    hidden = ["clicks/.2026-03-01.jsonl", "clicks/_2026-03-01.jsonl", ".clicks/2026-03-01.jsonl"]
    intake = taken(spark, drop(tmp_path, dict.fromkeys([*names, *hidden, "clicks/2026-03-01.jsonl"], click())))
    assert decided(intake) == {"clicks/2026-03-01.jsonl": "ingested"}
    age = int((NOW - ARRIVED).total_seconds())
    assert intake.waiting == [
        *(Waiting(name, "is still being written, for 57 min", "waiting", age) for name in sorted(names[:3])),
        Waiting("notes.txt", "matches the pattern of no feed", "unmatched"),
    ]


def test_links_are_named_and_not_followed(spark, tmp_path):
    drop(tmp_path, {"other/2026-03-01.jsonl": click(), "shop/clicks/2026-03-02.jsonl": click()})
    shop = tmp_path / "shop"
    (shop / "clicks" / "2026-03-01.jsonl").symlink_to(tmp_path / "other" / "2026-03-01.jsonl")
    (shop / "clicks" / "2026-03-03.jsonl").symlink_to(shop / "clicks" / "2026-03-02.jsonl")
    (shop / "around").symlink_to(".")
    (shop / "again").symlink_to(".")
    os.mkfifo(shop / "clicks" / "2026-03-04.jsonl")
    intake = taken(spark, shop)
    assert decided(intake) == {"clicks/2026-03-02.jsonl": "ingested"}
    inside = "is a link, and links are not followed"
    assert intake.waiting == [
        Waiting("again", inside, "refused"),
        Waiting("around", inside, "refused"),
        Waiting("clicks/2026-03-01.jsonl", "is a link out of the landing folder", "refused"),
        Waiting("clicks/2026-03-03.jsonl", inside, "refused"),
        Waiting("clicks/2026-03-04.jsonl", "is no ordinary file", "refused"),
    ]


def test_a_name_that_cannot_be_opened_or_shown_is_refused(spark, tmp_path):
    good = ["a:b/products-2026-03-04.csv", "clicks/[a]*{b}?2026-03-02.jsonl", "clicks/50%25 2026-03-03\\.jsonl"]
    bad = [
        "clicks/2026-03-01\n.jsonl",
        "clicks/2026-03-01\x7f.jsonl",
        "clicks/2026-03-01T10:30:00.jsonl",
        "a:b/products-2026-03-01[1].csv",
        os.fsdecode(b"clicks/2026-03-01\xe4.jsonl"),
        "no\tfeed",
    ]
    drop(tmp_path, {name: click(device=ascii(name)) for name in (*good, *bad)})
    drop(tmp_path, {good[0]: b"id,name\n1,tea\n"})
    intake = taken(spark, tmp_path)
    assert decided(intake) == dict.fromkeys(good, "ingested")
    assert {row[0] for row in raws(intake)} == set(good[1:])
    unseen = "has a control character, or a byte that is not UTF-8, in its name"
    beside = "has a colon in its path and one of the signs [ ] { } * ? \\, which Hadoop cannot open together"
    assert intake.waiting == [
        Waiting("a:b/products-2026-03-01[1].csv", beside, "refused"),
        Waiting("clicks/2026-03-01T10:30:00.jsonl", "has a colon in its name, which Hadoop cannot open", "refused"),
        Waiting("clicks/2026-03-01\\n.jsonl", unseen, "refused"),
        Waiting("clicks/2026-03-01\\udce4.jsonl", unseen, "refused"),
        Waiting("clicks/2026-03-01\\x7f.jsonl", unseen, "refused"),
        Waiting("no\\tfeed", unseen, "refused"),
    ]


def test_a_file_from_no_time_is_refused(spark, tmp_path):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click(), "clicks/2026-03-02.jsonl": click(device="d2")})
    os.utime(tmp_path / "clicks" / "2026-03-02.jsonl", (5e9, 5e9))
    intake = taken(spark, tmp_path)
    assert decided(intake) == {"clicks/2026-03-01.jsonl": "ingested"}
    told = "was last changed on 2128-06-11, which no file was"
    assert intake.waiting == [Waiting("clicks/2026-03-02.jsonl", told, "refused")]


def test_a_file_with_a_wrong_checksum_is_refused_and_tried_again(spark, tmp_path):
    name, beside = "clicks/2026-03-01.jsonl", tmp_path / "clicks" / ".2026-03-01.jsonl.crc"
    drop(tmp_path, {name: click(), "clicks/2026-03-02.jsonl": click(device="d2")})
    beside.write_bytes(b"crc\x00\x00\x00\x02\x00wrong")
    first = taken(spark, tmp_path)
    assert decided(first) == {"clicks/2026-03-02.jsonl": "ingested"}
    assert first.waiting == [Waiting(name, "cannot be read: no permission, or a wrong checksum", "refused")]
    beside.unlink()  # neither name nor size nor time of the file itself changes
    assert decided(taken(spark, tmp_path, known=first.files)) == {name: "ingested"}


def test_what_moves_while_it_is_read_waits(spark, tmp_path, monkeypatch):
    drop(tmp_path, {f"clicks/2026-03-0{day}.jsonl": click(device=f"d{day}") for day in (1, 2, 3)})
    listed = reading.judge_files

    def after_a_while(spark, source, files, limits, zones):
        (tmp_path / "clicks" / "2026-03-01.jsonl").unlink()
        (tmp_path / "clicks" / "2026-03-02.jsonl").write_bytes(click(device="longer"))
        return listed(spark, source, files, limits, zones)

    monkeypatch.setattr("reclake.sources.intake.judge_files", after_a_while)
    intake = taken(spark, tmp_path)
    assert decided(intake) == {"clicks/2026-03-03.jsonl": "ingested"}
    assert intake.waiting == [
        Waiting("clicks/2026-03-01.jsonl", "vanished before it was read"),
        Waiting("clicks/2026-03-02.jsonl", "changed while it was read, after this run began", "waiting", 0),
    ]


def test_an_ending_in_other_letters_or_packed_belongs_to_its_feed(spark, tmp_path):
    table = b"id,name\n1,tea\n"
    drop(tmp_path, {"products-2026-03-01.CSV": table, "stock-2026-03-02.Parquet": parquet(id=["3"], name=["pot"])})
    drop(tmp_path, {"history.jsonl.GZ": gzip.compress(click()), "Clicks/2026-03-01.jsonl": click()})
    intake = taken(spark, tmp_path)
    assert decided(intake) == dict.fromkeys(
        ["products-2026-03-01.CSV", "stock-2026-03-02.Parquet", "history.jsonl.GZ"], "ingested"
    )
    assert intake.waiting == [Waiting("Clicks/2026-03-01.jsonl", "matches the pattern of no feed", "unmatched")]


def test_files_without_records_count_once_by_name(spark, tmp_path):
    empty = {"products-2026-03-01.csv": b"id,name\n", "products-2026-03-02.csv": b"id,name\n"}
    drop(tmp_path, empty | {"stock-2026-03-02.parquet": parquet(id=pa.array([], "string"), name=pa.array([], "string"))})
    drop(tmp_path, {"history.jsonl": click(at="2026-03-01T10:00:00")})
    first = taken(spark, tmp_path)
    assert set(decided(first).values()) == {"ingested"}
    rows = contents(first.files, "file_name", "delivery_day", "n_records", "n_lines", "n_header_lines")
    assert [row for row in rows if row["file_name"] == "products-2026-03-02.csv"] == [
        {
            "file_name": "products-2026-03-02.csv",
            "delivery_day": date(2026, 3, 2),
            "n_records": 0,
            "n_lines": 1,
            "n_header_lines": 1,
        }
    ]
    assert set(first.records) == {"events"}
    drop(tmp_path, empty, at=NOW)
    second = taken(spark, tmp_path, known=frame(spark, bronze.FILES, *contents(first.files)))
    assert (decided(second), {each.reason for each in second.skipped if each.file_name in empty}) == ({}, {"was taken in before"})


def test_an_empty_file_is_a_delivery_where_that_is_declared(spark, tmp_path):
    drop(tmp_path, {"history.jsonl": b"", "clicks/2026-03-01.jsonl": b""})
    intake = taken(spark, tmp_path, of=source(options={"history": {"may_be_empty": True}}))
    assert decided(intake) == {"history.jsonl": "ingested", "clicks/2026-03-01.jsonl": "is empty"}
    assert contents(intake.files.where("outcome = 'ingested'"), "delivery_day", "n_records") == [
        {"delivery_day": None, "n_records": 0}
    ]
    assert intake.records == {}


def test_what_was_found_out_about_a_record_is_noted_on_it(spark, tmp_path):
    priced = source(columns={"products": {"price_amount": mapped("price", "decimal")}})
    content = b'id,name,price\n\n1,"tea,1\n2,cup,3\n3,"pot","1,5"\n4,pan,1.234\n'
    drop(tmp_path, {"products-2026-03-01.csv": content, "products-2026-03-02.csv": b"id,name,price\n4,jar,1.234\n"})
    intake = taken(spark, tmp_path, of=priced)
    notes = {bytes(row["raw"]): row["intake_note"] for row in contents(intake.records["products"], "raw", "intake_note")}
    assert notes == {
        b'1,"tea,1': "comma_decimals:price",
        b"2,cup,3": "recovered;comma_decimals:price",
        b'3,"pot","1,5"': "recovered;comma_decimals:price",
        b"4,pan,1.234": "comma_decimals:price",
        b"4,jar,1.234": None,
    }
    counts = ("n_lines", "n_record_lines", "n_header_lines", "n_blank_lines", "n_unaccounted_lines", "n_recovered")
    assert contents(intake.files.where("delivery_day = DATE '2026-03-01'"), *counts) == [
        dict(zip(counts, (6, 4, 1, 1, 0, 2), strict=True))
    ]


def test_a_folder_waits_for_its_success_file(spark, tmp_path):
    files = {"clicks/2026-03-01.jsonl": click(), "a/products-2026-03-01.csv": b"id,name\n1,x\n", "a/_SUCCESS": b""}
    intake = taken(spark, drop(tmp_path, files), of=source("success_file"))
    assert decided(intake) == {"a/products-2026-03-01.csv": "ingested"}
    told = "has no _SUCCESS in its folder, for 57 min"
    assert [(each.file_name, each.reason, each.state) for each in intake.waiting] == [
        ("clicks/2026-03-01.jsonl", told, "waiting")
    ]


def test_a_growing_file_waits_until_it_is_stable(spark, tmp_path):
    stable = source("stable", stable_seconds=3600)
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click()}, at=datetime(2026, 3, 5, 1, 30, tzinfo=UTC))
    assert [each.reason for each in taken(spark, tmp_path, of=stable).waiting] == ["changed in the last 3600 seconds, 30 min ago"]
    later = taken(spark, tmp_path, of=stable, now=datetime(2026, 3, 5, 2, 30, tzinfo=UTC))
    assert decided(later) == {"clicks/2026-03-01.jsonl": "ingested"}


def test_a_file_is_taken_in_once_however_often_it_is_offered(spark, tmp_path):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click(), "clicks/2026-03-02.jsonl": b"", "clicks/2026-03-02-copy.jsonl": click()})
    first = taken(spark, tmp_path)
    assert decided(first) == {"clicks/2026-03-01.jsonl": "ingested", "clicks/2026-03-02.jsonl": "is empty"}
    told = "was taken in before as clicks/2026-03-01.jsonl, for 2026-03-01, and stays there"
    assert first.skipped == [Waiting("clicks/2026-03-02-copy.jsonl", told, "skipped", is_misplaced=True)]
    known = frame(spark, bronze.FILES, *contents(first.files))
    # A second empty file has the digest of the first and is still refused by name.
    drop(tmp_path, {"clicks/2026-03-03.jsonl": click(device="d2"), "clicks/2026-03-04.jsonl": b""})
    second = taken(spark, tmp_path, known=known, batch="b2")
    assert decided(second) == {"clicks/2026-03-03.jsonl": "ingested", "clicks/2026-03-04.jsonl": "is empty"}
    assert {each.file_name for each in second.skipped} == {
        "clicks/2026-03-01.jsonl",
        "clicks/2026-03-02.jsonl",
        "clicks/2026-03-02-copy.jsonl",
    }
    assert raws(second) == [("clicks/2026-03-03.jsonl", 0, click(device="d2"))]
    assert [each.file_name for each in second.skipped if each.is_misplaced] == ["clicks/2026-03-02-copy.jsonl"]


def test_a_file_that_lies_as_it_lay_is_not_read_again(spark, tmp_path):
    name, at = "clicks/2026-03-01.jsonl", datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
    drop(tmp_path, {name: click()}, at=at)
    row = dict(source="shop", file_digest="as it was", file_name=name, outcome="ingested", n_bytes=len(click()), arrived_at=at)
    unchanged = taken(spark, tmp_path, known=frame(spark, bronze.FILES, row))
    assert (decided(unchanged), unchanged.skipped) == ({}, [Waiting(name, "was taken in before and has not changed", "skipped")])
    for other in (dict(n_bytes=1), dict(arrived_at=datetime(2026, 3, 5, 1, 29, tzinfo=UTC)), dict(source="bazaar")):
        assert decided(taken(spark, tmp_path, known=frame(spark, bronze.FILES, row | other))) == {name: "ingested"}


def test_a_name_that_states_an_impossible_day_is_refused(spark, tmp_path):
    at = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
    days = ("9999-12-31", "2026-03-06", "1970-01-01")
    drop(tmp_path, {f"clicks/{day}.jsonl": click(device=day) for day in days}, at=at)
    assert decided(taken(spark, tmp_path)) == {
        "clicks/2026-03-06.jsonl": "ingested",
        "clicks/9999-12-31.jsonl": "its name states 9999-12-31, a day after it arrived",
        "clicks/1970-01-01.jsonl": "its name states 1970-01-01, before anything was collected",
    }


def test_files_of_another_source_are_not_known(spark, tmp_path):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click()})
    known = frame(spark, bronze.FILES, dict(source="other", file_digest=digest(click()), file_name="x", outcome="ingested"))
    assert decided(taken(spark, tmp_path, known=known)) == {"clicks/2026-03-01.jsonl": "ingested"}


def test_a_changed_file_is_a_new_delivery_that_names_what_it_replaces(spark, tmp_path):
    name = "clicks/2026-03-01.jsonl"
    earlier = [
        dict(file_digest=each, arrived_at=datetime(2026, 3, day, tzinfo=UTC))
        for each, day in (("first", 1), ("second", 3), ("third", 2))
    ]
    same = dict(source="shop", file_name=name, outcome="ingested")
    known = frame(spark, bronze.FILES, *(same | each for each in earlier))
    intake = taken(spark, drop(tmp_path, {name: click()}), known=known)
    assert contents(intake.records["events"], "file_digest", "replaces_digest") == [
        {"file_digest": digest(click()), "replaces_digest": "second"}
    ]
    # Less is enough: without outcome and time every file counts as taken in.
    few = taken(spark, tmp_path, known=known.where("file_digest = 'first'").select("source", "file_digest", "file_name"))
    assert contents(few.records["events"], "replaces_digest") == [{"replaces_digest": "first"}]


def test_only_the_asked_delivery_days(spark, tmp_path):
    drop(tmp_path, {f"clicks/2026-03-0{day}.jsonl": click(device=f"d{day}") for day in (1, 2, 3)})
    drop(tmp_path, {"history.jsonl": click("2026-03-02T10:00:00") + b"\n" + click("2026-02-01T10:00:00")})
    assert set(decided(taken(spark, tmp_path, days=[date(2026, 3, 2)]))) == {"clicks/2026-03-02.jsonl", "history.jsonl"}
    assert set(decided(taken(spark, tmp_path, days={date(2026, 3, 3)}))) == {"clicks/2026-03-03.jsonl"}


def test_a_file_for_days_that_are_no_longer_built_is_refused_by_name(spark, tmp_path):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click(), "clicks/2026-03-02.jsonl": click(device="d2")})
    first = taken(spark, tmp_path)
    drop(tmp_path, {"clicks/2026-03-01-more.jsonl": click(device="d3"), "clicks/2026-03-03.jsonl": click(device="d4")})
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click()}, at=NOW)  # the one that was taken in, touched
    drop(tmp_path, {"products-2026-03-03.csv": b"id,name\np1,Pen\n"})
    later = take_in(
        spark, source(), str(tmp_path), known=first.files, delivery_days=None, limits=LIMITS, now=NOW, batch_id="b2",
        open_from=date(2026, 3, 2),
    )  # fmt: skip
    assert decided(later) == {
        "clicks/2026-03-01-more.jsonl": "was delivered for 2026-03-01, and days before 2026-03-02 are not built any more: "
        "raw records of that time are gone (retention.raw_days)",
        "clicks/2026-03-03.jsonl": "ingested",
        "products-2026-03-03.csv": "ingested",
    }
    assert sorted(each.file_name for each in later.skipped) == ["clicks/2026-03-01.jsonl", "clicks/2026-03-02.jsonl"]


def test_days_in_any_order_give_the_same_records(spark, tmp_path):
    days = [date(2026, 3, day) for day in (1, 2, 3)]
    drop(tmp_path, {f"clicks/{day}.jsonl": click(device=str(day)) for day in days})
    whole = raws(taken(spark, tmp_path))
    seen, found = [], []
    for day in (days[2], days[0], days[2], days[1]):
        intake = taken(spark, tmp_path, known=frame(spark, bronze.FILES, *seen), days=[day])
        found += raws(intake) if intake.records else []
        seen += contents(intake.files)
    assert sorted(found) == whole


def test_records_can_be_read_again_but_not_from_a_changed_file(spark, tmp_path):
    name = "clicks/2026-03-01.jsonl"
    intake = taken(spark, drop(tmp_path, {name: click()}))
    assert raws(intake) == raws(intake) == [(name, 0, click())]
    drop(tmp_path, {name: click(device="d2")})
    with pytest.raises(Exception, match="changed after it was judged"):
        raws(intake)


def test_large_records_travel_alone(spark, tmp_path, monkeypatch):
    lines = [b'{"a": "%s"}' % (b"x" * n) for n in (5, 50_000, 7, 100_000, 9)]
    monkeypatch.setattr("reclake.sources.reading._BYTES_AT_ONCE", 60_000)
    intake = taken(spark, drop(tmp_path, {"clicks/2026-03-01.jsonl": b"\n".join(lines) + b"\n"}))
    assert raws(intake) == [("clicks/2026-03-01.jsonl", i, line) for i, line in enumerate(lines)]


def test_an_empty_folder_and_a_missing_one(spark, tmp_path):
    empty = taken(spark, tmp_path)
    assert (empty.records, contents(empty.files), empty.waiting) == ({}, [], [])
    with pytest.raises(UsageError, match="the landing folder does not exist"):
        taken(spark, tmp_path / "nowhere")


def test_every_bronze_table_has_the_same_columns():
    tables = bronze.FED
    assert len({tuple(field.name for field in table.fields) for table in tables}) == 1
