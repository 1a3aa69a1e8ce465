"""Bytes into records: an independent CSV reader as oracle, and every way in which a file is broken."""

import csv
import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.sources.broken import BrokenFile
from reclake.sources.feed import DeliveryDay, Feed
from reclake.sources.mapping import ColumnMapping
from reclake.sources.split import opened
from reclake.sources.verdict import Zones, verdict

LIMITS = SimpleNamespace(max_file_bytes=1 << 20, max_unpacked_ratio=100, max_record_bytes=4096)
ZONES = Zones(ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai"))
JSON, CSV, PARQUET = "json_lines", "csv", "parquet"


def feed(form, *fields, delimiter=",", day=None):
    columns = {field: ColumnMapping(from_=field, type="timestamp", format="iso") for field in fields}
    return Feed.model_construct(
        format=form, delimiter=delimiter, columns=columns, delivery_day=day or DeliveryDay(from_="name", pattern="(.*)")
    )


def records(content, form=JSON, *fields, name="x", **options):
    file = opened(content, name, feed(form, *fields, **options), LIMITS)
    return file.header, list(file.records)


def refused(content, form=JSON, *fields, name="x"):
    with pytest.raises(BrokenFile) as broken:
        records(content, form, *fields, name=name)
    return str(broken.value)


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


class TestJsonLines:
    def test_lines_are_records_as_they_came(self):
        found = records(b'{"a": 1}\r\n\n{broken\n\xff\xfe\n {"b":2} ')
        assert found == (None, [b'{"a": 1}', b"", b"{broken", b"\xff\xfe", b' {"b":2} '])

    def test_a_last_line_without_end_may_be_whole(self):
        deep = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
        long_number = b'{"a":' + b"9" * 5000 + b"}"
        assert [records(b"{}\n" + last)[1][-1] for last in (b"{}", deep, long_number)] == [b"{}", deep, long_number]

    @pytest.mark.parametrize("cut", [b'{"a": 1', b'{"a": "x', b"{", b'{"a": "\xe4'])
    def test_a_last_line_without_end_may_be_cut(self, cut):
        assert "cut off" in refused(b'{"a": 0}\n' + cut)

    def test_a_file_without_any_object_is_something_else(self):
        assert "no JSON object" in refused(b"a,b\n1,2\n")


class TestCsv:
    def test_line_breaks_inside_quotes_belong_to_the_record(self):
        content = b'a,b\r\n1,"x\r\ny"\r\n2,"say ""hi"""\r\n3,6" nail\r\n\r\n4,z'
        assert records(content, CSV, "a") == ("a,b", [b'1,"x\r\ny"', b'2,"say ""hi"""', b'3,6" nail', b"", b"4,z"])

    def test_a_byte_order_mark_is_no_part_of_the_header(self):
        assert records(b"\xef\xbb\xbfa,b\n1,2\n", CSV, "a", "b") == ("a,b", [b"1,2"])

    def test_a_header_alone_is_a_file_without_records(self):
        assert records(b"a,b\n", CSV, "a") == ("a,b", [])

    def test_another_delimiter(self):
        assert records(b'a:token\tb\n1\t"x\ty"\n', CSV, "a:token", delimiter="\t") == ("a:token\tb", [b'1\t"x\ty"'])

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'a,b\n1,"x\n2,y\n', "inside a quoted field"),
            (b"a,b\n1,2\n3", "cut off"),
            (b"1,2\n3,4\n", "no header line"),
            (b"a,c\n1,2\n", "its header lacks ['b']"),
            (b"a,b\r1,2\r3,4\r", "carriage return alone"),
            (b"a,B\n1,2\n", "its header lacks ['b']"),
            (b"a,b,b\n1,2,3\n", "twice"),
            (b"\xff\xe4a,b\n1,2\n", "no header line"),
            (b"\n", "no header line"),
        ],
    )
    def test_broken(self, content, said):
        assert said in refused(content, CSV, "a", "b")

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.lists(st.text(alphabet='a",\n\r é', max_size=6), min_size=2, max_size=2), min_size=1, max_size=6),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_agrees_with_the_csv_module(self, rows, end):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
        # The header is quoted, too: names are compared after reading.
        _, found = records(text.getvalue().encode(), CSV, "a", "b")
        assert [next(csv.reader(io.StringIO(record.decode(), newline=""))) for record in found] == rows


class TestGzip:
    def test_parts_one_after_the_other_are_one_file(self):
        assert records(gzip.compress(b"{}\n") + gzip.compress(b'{"b":1}\n'), name="x.GZ")[1] == [b"{}", b'{"b":1}']

    def test_half_of_it(self):
        whole = gzip.compress(b'{"a": "%s"}\n' % bytes(range(35, 90)) * 40)
        assert "cut off" in refused(whole[: len(whole) // 2], name="x.gz")
        assert "cut off" in refused(whole[:-4], name="x.gz")

    def test_a_flipped_byte(self):
        whole = bytearray(gzip.compress(b'{"a": 1}\n' * 50))
        whole[-6] ^= 1  # in the checksum
        assert "damaged" in refused(bytes(whole), name="x.gz")

    def test_the_name_must_say_so(self):
        assert "its name does not say so" in refused(gzip.compress(b"{}\n"))
        assert "is no gzip" in refused(b"{}\n", name="x.gz")

    def test_empty_inside(self):
        assert refused(gzip.compress(b""), name="x.gz") == "is empty"

    @pytest.mark.parametrize("line", [b'{"a": "' + b"0" * 3_000_000 + b'"}', b"{}\n" * 1_000_000])
    def test_a_bomb_is_refused(self, line):
        packed = gzip.compress(line)
        assert len(line) > 100 * len(packed)
        assert "more than 100 times" in refused(packed, name="x.gz")

    def test_a_tiny_file_may_pack_well(self):
        assert len(records(gzip.compress(b"{}\n" * 1000), name="x.gz")[1]) == 1000


class TestParquet:
    def test_rows_are_json_with_exact_values(self):
        table = pa.table({
            "a": pa.array([Decimal("2.50"), None]),
            "at": pa.array([datetime(2026, 3, 1, 8, tzinfo=UTC), None], pa.timestamp("ns", "UTC")),
            "n": pa.array([{"k": [1, 2]}, None]),
            "t": pa.array(['é"\n', "x"]),
            "b": pa.array([b"\x01\xff", None]),
        })
        assert records(parquet(table), PARQUET, "n.k", "a")[1] == [
            '{"a":2.50,"at":"2026-03-01T08:00:00+00:00","n":{"k":[1,2]},"t":"é\\"\\n","b":"01ff"}'.encode(),
            b'{"a":null,"at":null,"n":null,"t":"x","b":null}',
        ]

    def test_broken(self):
        whole = parquet(pa.table({"a": list(range(1000))}), write_page_checksum=True, compression="none", use_dictionary=False)
        flipped = bytearray(whole)
        flipped[200] ^= 1
        assert "cut off or damaged" in refused(whole[: len(whole) // 2], PARQUET, "a")
        assert "cut off or damaged" in refused(bytes(flipped), PARQUET, "a")
        assert "lacks ['b']" in refused(whole, PARQUET, "a", "b")
        assert refused(b"{}\n", PARQUET, "a") == "is not Parquet"

    def test_a_column_named_twice(self):
        table = pa.table([pa.array(["1"]), pa.array(["2"])], names=["a", "a"])
        assert "names a column twice" in refused(parquet(table), PARQUET, "a")

    def test_a_dictionary_of_one_large_text_for_many_rows_is_refused_before_it_fills_the_worker(self):
        table = pa.table({"a": pa.array(["0" * 1_000_000] * 3000).dictionary_encode()})
        packed = parquet(table, compression="zstd")
        assert len(packed) < 10_000
        assert "more than 100 times" in refused(packed, PARQUET, "a")

    def test_pages_that_unpack_without_end_are_refused(self):
        table = pa.table({"a": ["0" * 100_000] * 100})
        packed = parquet(table, compression="zstd", use_dictionary=False)
        assert "more than 100 times" in refused(packed, PARQUET, "a")


@pytest.mark.parametrize("form", [JSON, CSV, PARQUET])
@pytest.mark.parametrize("content", [b"", b"PAR1xxxxPAR1", b"PK\x03\x04....", b"\xff\xfea\x00,\x00", b"\x1f\x8b\x08"])
def test_what_is_something_else_is_refused(form, content):
    assert refused(content, form, "a")


class TestVerdict:
    LAST = DeliveryDay(from_="last_event", column="at")

    def of(self, content, form=JSON):
        arrived = datetime(2026, 3, 10, tzinfo=UTC)
        return verdict(content, "x", feed(form, "at", day=self.LAST), arrived_at=arrived, limits=LIMITS, zones=ZONES)

    def test_the_day_is_that_of_the_last_event_in_business_time(self):
        found = self.of(b'{"at": "2026-03-01T20:00:00"}\n{"at": "2026-02-27T08:00:00"}\nnot json\n{}\n')
        assert (found.n_records, found.last_day, found.reason) == (4, date(2026, 3, 2), None)

    def test_a_clock_that_is_ahead_names_no_day(self):
        assert self.of(b'{"at": "2099-01-01T00:00:00"}\n{"at": "2026-03-01T00:00:00"}\n').last_day == date(2026, 3, 1)

    def test_quoted_times_in_csv(self):
        assert self.of(b'x,at\n"a,\nb","2026-03-05T00:00:00Z"\nc\n', CSV).last_day == date(2026, 3, 5)

    def test_no_time_at_all(self):
        assert "no delivery day" in (self.of(b'{"at": "soon"}\n').reason or "")
