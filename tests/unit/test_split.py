"""Bytes into records: an independent CSV reader as oracle, and every way in which a file is broken."""

import csv
import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.sources.broken import BrokenFile
from reclake.sources.feed import DeliveryDay, Feed
from reclake.sources.line_counts import LineCounts, Placed, Recovered
from reclake.sources.mapping import ColumnMapping
from reclake.sources.split import opened
from reclake.sources.verdict import Zones, verdict

LIMITS = SimpleNamespace(max_file_bytes=1 << 20, max_unpacked_ratio=100, max_record_bytes=4096)
ZONES = Zones(ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai"))
JSON, CSV, PARQUET = "json_lines", "csv", "parquet"


def feed(form, *fields, day=None, columns=None, **options):
    columns = columns or {field: ColumnMapping(from_=field, type="timestamp", format="iso") for field in fields}
    return Feed.model_construct(
        format=form, columns=columns, delivery_day=day or DeliveryDay(from_="name", pattern="(.*)"), **options
    )


def records(content, form=JSON, *fields, name="x", **options):
    file = opened(content, name, feed(form, *fields, **options), LIMITS)
    found = list(file.records)
    assert file.counts.n_unaccounted == 0
    return file.header, found


def counted(content, form, *fields, **options):
    """Lines by what became of them, and the records that were recovered."""
    file = opened(content, "x", feed(form, *fields, **options), LIMITS)
    recovered = [bytes(record) for record in file.records if isinstance(record, Recovered)]
    counts = file.counts
    return (counts.n_lines, counts.n_record_lines, counts.n_header_lines, counts.n_blank_lines, counts.n_recovered), recovered


def refused(content, form=JSON, *fields, name="x", **options):
    with pytest.raises(BrokenFile) as broken:
        records(content, form, *fields, name=name, **options)
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
        content = b'a,b\r\n1,"x\r\ny"\r\n2,"say ""hi"""\r\n3,6" nail\r\n4,z'
        assert records(content, CSV, "a") == ("a,b", [b'1,"x\r\ny"', b'2,"say ""hi"""', b'3,6" nail', b"4,z"])

    def test_a_byte_order_mark_is_no_part_of_the_header(self):
        assert records(b"\xef\xbb\xbfa,b\n1,2\n", CSV, "a", "b") == ("a,b", [b"1,2"])

    def test_a_header_alone_is_a_file_without_records(self):
        assert records(b"a,b\n", CSV, "a") == ("a,b", [])

    def test_another_delimiter(self):
        assert records(b'a:token\tb\n1\t"x\ty"\n', CSV, "a:token", delimiter="\t") == ("a:token\tb", [b'1\t"x\ty"'])

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'a,b\n1,"x\n2,y\n3,"z', "cut off"),
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
        assert [next(csv.reader(io.StringIO(record.decode(), newline=""))) for record in found] == [
            row for row in rows if any(map(str.strip, row)) and row != ["a", "b"]
        ]

    def test_what_is_no_record_is_counted_apart(self):
        content = b'\n,,\na,b,c\n\n1,2,3\n\r\n , ,\t\na,b,c\n4,"x\n\ny",5\n,,\n'
        assert records(content, CSV, "a") == ("a,b,c", [b"1,2,3", b'4,"x\n\ny",5'])
        assert counted(content, CSV, "a") == ((12, 4, 2, 6, 0), [])

    def test_a_header_that_comes_again_behind_a_byte_order_mark(self):
        part = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
        assert records(part + part, CSV, "a") == ("a,b", [b"1,2", b"1,2"])

    @pytest.mark.parametrize("header", ['"id","name"', "id,name", '"id",name'])
    def test_an_empty_row_and_the_header_again_are_none_in_quotes_either(self, header):
        again = ['"id","name"', "id,name", 'id,"name"']
        rows = ['"1","a"', '"",""', *again, '"", ', ',""', '"\n",""', "2,b", '"",""']
        content = "\n".join([header, *rows]).encode()
        assert records(content, CSV, "id")[1] == [b'"1","a"', b"2,b"]
        assert counted(content, CSV, "id")[0] == (12, 2, 4, 6, 0)

    @pytest.mark.parametrize("row", ['"""",""', '"id","name "', '"id"",""name"', '" "" ",""', '"","0"', '"","id"'])
    def test_what_only_looks_like_one_is_a_record(self, row):
        assert records(f"id,name\n{row}\n".encode(), CSV, "id")[1] == [row.encode()]

    @pytest.mark.parametrize("end", ['"",""', '"","","', '"id","name'])
    def test_a_row_of_empty_quotes_may_be_cut(self, end):
        assert "is cut off" in refused(f"id,name,n\n1,a,2\n{end}".encode(), CSV, "id")

    @pytest.mark.parametrize(("stated", "delimiter"), [(b"sep=,", ","), (b"SEP=;;;", ";"), (b'"sep=\t"', "\t")])
    def test_a_line_that_states_the_delimiter_is_no_header(self, stated, delimiter):
        content = stated + delimiter.join(["\r\na", "b\r\n1", "2\r\n"]).encode()
        header = delimiter.join("ab")
        assert records(content, CSV, "a", "b", delimiter=delimiter) == (header, [delimiter.join("12").encode()])
        assert counted(content, CSV, "a", delimiter=delimiter)[0] == (3, 1, 2, 0, 0)

    def test_a_file_that_states_another_delimiter_is_refused(self):
        assert "states the delimiter ';', its feed ','" in refused(b"sep=;\na,b\n1,2\n", CSV, "a")

    def test_columns_that_nobody_maps_spoil_nothing(self):
        assert records(b"a,b,,,\n1,2,,,\n", CSV, "a", "b") == ("a,b,,,", [b"1,2,,,"])
        assert records(b"a,x,x\n1,2,3\n", CSV, "a") == ("a,x,x", [b"1,2,3"])
        assert "a mapped column twice: ['x']" in refused(b"a,x,x\n1,2,3\n", CSV, "x")

    def test_a_carriage_return_alone_at_the_end(self):
        assert records(b"a,b\n1,2\n\r", CSV, "a") == ("a,b", [b"1,2"])

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.lists(st.text(alphabet='a",\n\r é', max_size=6), min_size=3, max_size=3), min_size=1, max_size=6),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_every_line_is_accounted_for(self, rows, end):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=end).writerows([["a", "b", "c"], *rows])
        content = text.getvalue().encode()
        counts, _ = counted(content, CSV, "a")
        assert counts[0] == sum(counts[1:4]) == content.count(b"\n")


class TestStrayQuotes:
    """A quote that opens a field by mistake costs its own line, and no other."""

    def test_one_that_never_closes(self):
        content = b'a,b,c\n1,"x,3\n2,y,3\n\n3,z\na,b,c\n4,w,5\n'
        assert records(content, CSV, "a")[1] == [b'1,"x,3', b"2,y,3", b"3,z", b"4,w,5"]
        assert counted(content, CSV, "a") == ((7, 4, 2, 1, 2), [b"2,y,3", b"4,w,5"])

    def test_one_that_a_later_field_closes(self):
        content = b'a,b,c\n1,"x,3\n2,y,3\n3,"good",5\n4,"m\nn",6\n'
        assert records(content, CSV, "a")[1] == [b'1,"x,3', b"2,y,3", b'3,"good",5', b'4,"m\nn",6']
        assert counted(content, CSV, "a")[1] == [b"2,y,3", b'3,"good",5']

    def test_the_line_that_closes_it_may_open_a_field_of_two_lines(self):
        content = b'a,b,c\n1,"x,3\n2,y,3\n3,"m\nn",5\n4,w,6\n'
        assert records(content, CSV, "a")[1] == [b'1,"x,3', b"2,y,3", b'3,"m\nn",5', b"4,w,6"]

    def test_one_that_an_inch_closes(self):
        content = b'a,b,c\n1,"x,3\n2,y,3\n3,z,6"\n4,w,6\n'
        assert counted(content, CSV, "a") == ((5, 4, 1, 0, 2), [b"2,y,3", b'3,z,6"'])

    def test_a_text_of_two_lines_in_a_row_that_is_too_wide_stays_one_record(self):
        content = b'a,b,c\n1,"x\ny",2,3\n2,"x\ny,y,y\nz",3\n'
        assert records(content, CSV, "a")[1] == [b'1,"x\ny",2,3', b'2,"x\ny,y,y\nz",3']
        assert counted(content, CSV, "a") == ((6, 5, 1, 0, 0), [])

    def test_one_that_is_open_for_too_long(self):
        lines = [b"%d,y,3" % n for n in range(5000)]
        content = b'a,b,c\n1,"x,3\n' + b"\n".join(lines) + b'\n5000,"good",3\n'
        found = records(content, CSV, "a")[1]
        assert len(content) > 8 * LIMITS.max_record_bytes
        assert found == [b'1,"x,3', *lines, b'5000,"good",3']
        n_recovered = counted(content, CSV, "a")[0][4]
        assert 1000 < n_recovered < 5000  # those that were read before it was given up

    def test_every_line_holds_one(self):
        lines = [b'%d,"x,3' % n for n in range(20_000)]
        assert records(b"a,b,c\n" + b"\n".join(lines) + b"\n", CSV, "a")[1] == lines

    @pytest.mark.parametrize("cut", [b'2,"x', b'2,"x\ny', b'2,"x\n\n3,', b'2,"', b'2,"x,y,z'])
    def test_a_file_that_is_cut_inside_a_field_is_refused(self, cut):
        assert "cut off" in refused(b"a,b,c\n1,x,3\n" + cut, CSV, "a")


class TestEmpty:
    """A delivery that rightly holds no record."""

    @pytest.mark.parametrize(
        ("content", "form", "counts"),
        [
            (b"a,b\n", CSV, (1, 0, 1, 0, 0)),
            (b"\r\na,b\r\n,\r\n", CSV, (3, 0, 1, 2, 0)),
            (parquet(pa.table({"a": pa.array([], pa.string())})), PARQUET, (0, 0, 0, 0, 0)),
        ],
    )
    def test_a_file_that_says_what_it_would_hold(self, content, form, counts):
        assert records(content, form, "a")[1] == []
        assert counted(content, form, "a")[0] == counts

    @pytest.mark.parametrize("form", [JSON, CSV, PARQUET])
    def test_no_byte_at_all_only_where_it_is_declared(self, form):
        assert records(b"", form, "a", may_be_empty=True)[1] == []
        assert refused(b"", form, "a") == "is empty"

    @pytest.mark.parametrize("form", [JSON, CSV])
    def test_blank_lines_only_where_it_is_declared(self, form):
        assert records(b"\n \r\n", form, "a", may_be_empty=True)[1] == []
        assert counted(b"\n \r\n", form, "a", may_be_empty=True)[0] == (2, 0, 0, 2, 0)
        assert refused(b"\n \r\n", form, "a")
        assert records(gzip.compress(b""), form, "a", name="x.gz", may_be_empty=True)[1] == []

    def test_blank_lines_before_an_object_are_records_as_ever(self):
        assert records(b"\n\n{}\n\n", may_be_empty=True)[1] == records(b"\n\n{}\n\n")[1] == [b"", b"", b"{}", b""]
        assert "no JSON object" in refused(b"\nx\n", may_be_empty=True)


class TestEncodings:
    TEXTS = ("绿茶", "陶瓷杯", "毛帽", "猫", "雨伞", "green tea")

    def csv(self, texts=TEXTS):
        return "".join(["a,b\n", *(f"{n},{text}\n" for n, text in enumerate(texts))])

    def read(self, content, form=CSV, **options):
        return [record.decode() for record in records(content, form, "a", **options)[1]]

    @pytest.mark.parametrize(
        ("encoding", "codecs"),
        [
            ("gb18030", ["gb18030", "gbk"]),
            ("utf-16", ["utf-16", "utf-16-le", "utf-16-be"]),
            ("utf-8", ["utf-8", "utf-8-sig"]),
            (None, ["utf-8", "utf-8-sig"]),
        ],
    )
    def test_all_encodings_give_the_same_records(self, encoding, codecs):
        wanted = self.csv().splitlines()[1:]
        for codec in codecs:
            content = self.csv().encode(codec)
            assert self.read(content, encoding=encoding) == wanted
            assert self.read(gzip.compress(content), encoding=encoding, name="x.gz") == wanted

    def test_utf_16_from_the_most_significant_byte_with_its_mark(self):
        assert self.read(b"\xfe\xff" + self.csv().encode("utf-16-be"), encoding="utf-16") == self.csv().splitlines()[1:]

    def test_latin_1_is_what_windows_makes_of_it(self):
        text = "a;b\nMüller;12 €\n"
        assert self.read(text.encode("cp1252"), encoding="latin-1", delimiter=";") == ["Müller;12 €"]

    @pytest.mark.parametrize("mark", ["|", "~"])
    def test_half_a_letter_is_no_delimiter(self, mark):
        wide = next(c for c in map(chr, range(0x4E00, 0x9FFF)) if c.encode("gb18030")[1:] == mark.encode())
        content = f"a{mark}b\n1{mark}{wide}\n".encode("gb18030")
        assert self.read(content, encoding="gb18030", delimiter=mark) == [f"1{mark}{wide}"]

    def test_a_letter_that_holds_the_byte_of_a_line_feed_ends_no_line(self):
        for codec in ("utf-16-le", "utf-16-be"):
            assert self.read("a,b\n1,\u0a0a\u010a\u0a00\n".encode(codec), encoding="utf-16") == ["1,\u0a0a\u010a\u0a00"]

    def test_half_a_letter_at_the_end_is_a_file_that_was_cut(self):
        assert "inside a character" in refused(self.csv().encode("utf-16")[:-1], CSV, "a", encoding="utf-16")

    def test_lines_that_cannot_be_decoded_stay_as_they_came(self):
        content = "a,b\n1,茶\n".encode("gb18030") + b"2,\xff\xff\n3,x\n"
        assert records(content, CSV, "a", encoding="gb18030")[1] == ["1,茶".encode(), b"2,\xff\xff", b"3,x"]

    def test_undeclared_a_file_in_another_encoding_is_refused_as_a_whole(self):
        reason = refused(self.csv().encode("gb18030"), CSV, "a")
        assert "is not in UTF-8: 3 of its 5 lines beyond ASCII are not" in reason  # two are UTF-8 by chance
        assert '"gb18030"' in reason
        json_lines = "".join(f'{{"a": "{text}"}}\n' for text in self.TEXTS).encode("gb18030")
        assert "is not in UTF-8" in refused(json_lines)
        assert "is not in UTF-8" in refused(gzip.compress(json_lines), name="x.gz")

    @pytest.mark.parametrize(("n_wrong", "n_right"), [(2, 0), (3, 6), (5, 10)])
    def test_a_few_damaged_lines_are_a_fault_of_their_records(self, n_wrong, n_right):
        lines = [b"1,\xe4\n"] * n_wrong + ["1,ä\n".encode()] * n_right
        assert len(records(b"a,b\n" + b"".join(lines), CSV, "a")[1]) == n_wrong + n_right
        more = [*lines, b"1,\xe4\n"]
        if n_wrong >= 3:
            assert "is not in UTF-8" in refused(b"a,b\n" + b"".join(more), CSV, "a")
        assert len(records(b"a,b\n" + b"".join(more), CSV, "a", encoding="utf-8")[1]) == len(more)

    def test_undeclared_utf_16_is_refused_by_name(self):
        assert 'declare encoding = "utf-16"' in refused(self.csv().encode("utf-16"), CSV, "a")

    def test_a_header_in_another_encoding_names_the_fault(self):
        assert 'declare encoding = "gb18030"' in refused("a,名\n1,x\n".encode("gb18030"), CSV, "a")

    @pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8", None])
    def test_a_byte_order_mark_alone_at_the_end_is_a_blank_line(self, encoding):
        content = "a,b\n1,x\n\ufeff".encode((encoding or "utf-8") + ("-le" if encoding == "utf-16" else ""))
        assert self.read(content, encoding=encoding) == ["1,x"]

    def test_byte_order_marks_go_in_every_format(self):
        assert records(b'\xef\xbb\xbf{"a": 1}\n{}\n')[1] == [b'{"a": 1}', b"{}"]


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
        assert "names a mapped column twice" in refused(parquet(table), PARQUET, "a")

    def test_a_doubled_column_that_nobody_maps_keeps_both_its_values(self):
        table = pa.table([pa.array(["1"]), pa.array(["2"]), pa.array(["3"])], names=["a", "b", "b"])
        assert records(parquet(table), PARQUET, "a")[1] == [b'{"a":"1","b":"2","b (2)":"3"}']

    @pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(2), pa.dictionary(pa.int8(), pa.binary())])
    def test_mapped_bytes_need_a_meaning(self, kind):
        content = parquet(pa.table({"a": pa.array([b"c1", b"\xc3\xa9"]).cast(kind), "b": pa.array([b"\xff"] * 2)}))
        assert "column a holds bytes without a text meaning: declare binary" in refused(content, PARQUET, "a")
        as_text = records(content, PARQUET, "a", binary="utf-8")[1]
        assert as_text == [b'{"a":"c1","b":"ff"}', '{"a":"é","b":"ff"}'.encode()]
        assert records(content, PARQUET, "a", binary="hex")[1][0] == b'{"a":"6331","b":"ff"}'

    def test_bytes_that_are_not_the_text_they_should_be_spoil_their_row_alone(self):
        content = parquet(pa.table({"a": pa.array([b"\xe4", b"x"])}))
        assert records(content, PARQUET, "a", binary="utf-8")[1] == [b'{"a":"\xe4"}', b'{"a":"x"}']

    @pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.float16()])
    @pytest.mark.parametrize(
        ("column", "type_"), [("account_id", "account"), ("d", "device"), ("p", "product"), ("order_id", "string")]
    )
    def test_a_floating_point_number_is_no_id(self, kind, column, type_):
        content = parquet(pa.table({"x": pa.table({"x": pa.array([17850.0])})["x"].cast(kind)}))
        columns = {column: ColumnMapping(from_="x", type=type_)}
        assert "floating-point numbers, which are no ids" in refused(content, PARQUET, columns=columns)
        exact = {column: ColumnMapping(from_="x", type=type_, whole_number=True)}
        as_ever = opened(content, "x", feed(PARQUET, columns=columns), LIMITS, id_rule=1)
        assert records(content, PARQUET, columns=exact)[1] == list(as_ever.records)

    def test_an_amount_may_be_a_floating_point_number(self):
        content = parquet(pa.table({"x": pa.array([2.5])}))
        assert records(content, PARQUET, columns={"rating": ColumnMapping(from_="x", type="double")})[1] == [b'{"x":2.5}']

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

    def of(self, content, form=JSON, of=None):
        arrived = datetime(2026, 3, 10, tzinfo=UTC)
        return verdict(content, "x", of or feed(form, "at", day=self.LAST), arrived_at=arrived, limits=LIMITS, zones=ZONES)

    def test_the_day_is_that_of_the_last_event_in_business_time(self):
        found = self.of(b'{"at": "2026-03-01T20:00:00"}\n{"at": "2026-02-27T08:00:00"}\nnot json\n{}\n')
        assert (found.n_records, found.last_day, found.reason) == (4, date(2026, 3, 2), None)

    def test_a_clock_that_is_ahead_names_no_day(self):
        assert self.of(b'{"at": "2099-01-01T00:00:00"}\n{"at": "2026-03-01T00:00:00"}\n').last_day == date(2026, 3, 1)

    def test_quoted_times_in_csv(self):
        assert self.of(b'x,at\n"a,\nb","2026-03-05T00:00:00Z"\nc\n', CSV).last_day == date(2026, 3, 5)

    def test_no_time_at_all(self):
        assert "no delivery day" in (self.of(b'{"at": "soon"}\n').reason or "")

    def test_a_file_without_records_needs_no_time(self):
        found = self.of(b"x,at\n", CSV)
        assert (found.n_records, found.last_day, found.reason, found.lines) == (0, None, None, LineCounts(1, 0, 1))

    def test_whatever_reading_raises_refuses_the_file_by_the_kind_of_fault(self):
        table = pa.table({"at": pa.array([0], pa.timestamp("us", "Mars/Phobos"))})
        assert self.of(parquet(table), PARQUET).reason == "cannot be read: UnknownTimeZoneError"

    def test_a_worker_without_memory_says_nothing_of_the_file(self, monkeypatch):
        def no_memory(*args, **options):
            raise MemoryError

        monkeypatch.setattr("reclake.sources.verdict.opened", no_memory)
        with pytest.raises(MemoryError):
            self.of(b"x,at\n", CSV)


class TestDecimalCommas:
    COLUMNS: ClassVar = {
        "price": ColumnMapping(from_="p", type="decimal"),
        "quantity": ColumnMapping(from_="q", type="long"),
        "product_name": ColumnMapping(from_="t", type="string"),
    }

    def note(self, *rows, delimiter=";", **marks):
        columns = self.COLUMNS | {"price": ColumnMapping(from_="p", type="decimal", **marks)}
        content = "\n".join([delimiter.join("tpq"), *rows]).encode() + b"\n"
        arrived = datetime(2026, 3, 10, tzinfo=UTC)
        of = feed(CSV, columns=columns, delimiter=delimiter)
        return verdict(content, "x", of, arrived_at=arrived, limits=LIMITS, zones=ZONES).note

    @pytest.mark.parametrize("price", ["12,50", " € 1.234,56", "1 234,5", "0,125", "-3,0000", "12,50 EUR", "1'234'567,125"])
    def test_one_in_a_number_marks_its_field(self, price):
        assert self.note("x;1.234;1", f"x;{price};1") == "comma_decimals:p"

    @pytest.mark.parametrize("price", ["1,234", "1,234.50", "1,234,567", "12.50", "", "12,", ",5", "1,2,3"])
    def test_what_may_be_a_thousand_or_is_no_number_marks_nothing(self, price):
        assert self.note(f"x;{price};1") is None

    def test_several_fields_are_named_in_order(self):
        assert self.note("x;1;1,5", "x;1,5;1") == "comma_decimals:p|q"

    def test_texts_and_declared_fields_are_not_looked_at(self):
        assert self.note("12,50;1;1") is None
        assert self.note("x;12,50;1", decimal_mark=",") is None

    def test_a_name_with_the_signs_of_the_note_is_encoded(self):
        columns = {"price": ColumnMapping(from_="Preis|EUR;%", type="decimal")}
        of = feed(CSV, columns=columns, delimiter="\t")
        content = b"Preis|EUR;%\n12,50\n"
        arrived = datetime(2026, 3, 10, tzinfo=UTC)
        found = verdict(content, "x", of, arrived_at=arrived, limits=LIMITS, zones=ZONES)
        assert found.note == "comma_decimals:Preis%7CEUR%3B%25"

    @pytest.mark.parametrize("form", [JSON, PARQUET])
    def test_numbers_that_are_texts_of_json_or_parquet(self, form):
        columns = {
            "price": ColumnMapping(from_="line.p" if form == JSON else "p", type="decimal"),
            "quantity": ColumnMapping(from_="q", type="long"),
        }
        field = columns["price"].from_
        prices = ["1.234", "12,50"]

        def note(prices, **options):
            nested = [{"line": {"p": price}, "q": "1", "t": "2,5"} for price in prices]
            lines = "".join(f"{row}\n".replace("'", '"') for row in nested).encode()
            content = lines if form == JSON else parquet(pa.table({"p": prices, "q": ["1"] * 2, "t": ["2,5"] * 2}))
            of = feed(form, columns=columns, **options)
            return verdict(content, "x", of, arrived_at=datetime(2026, 3, 10, tzinfo=UTC), limits=LIMITS, zones=ZONES).note

        assert note(prices, values="as_text") == f"comma_decimals:{field}"
        assert note(["1.234", "1,234"], values="as_text") is None
        assert note(prices) is None

    def test_in_a_file_of_commas_such_a_number_is_quoted(self):
        assert self.note('"1,5",1.234,1', 'x,"12,50",1', delimiter=",") == "comma_decimals:p"
        assert self.note("x,12,50", delimiter=",") is None


def test_every_record_knows_the_line_on_which_it_begins():
    """Blank lines, repeated headers, fields over several lines and swallowed lines do not shift it."""
    content = b'id,name\n\n1,a\n2,"b\nc"\nid,name\n3,"d\n4,e\n5,"f" x\n6,g\n'
    file = opened(content, "x.csv", feed(CSV, "id"), LIMITS)
    found = [(record.line if isinstance(record, Placed) else file.counts.n_lines, bytes(record)) for record in file.records]
    lines = content.split(b"\n")
    assert [record.split(b"\n")[0] for _, record in found] == [lines[line - 1] for line, _ in found]
    assert [line for line, _ in found] == [3, 4, 7, 8, 9, 10]


def test_a_parquet_file_whose_footer_tells_another_number_of_rows_is_refused(monkeypatch):
    """A spoilt byte of the footer: the rows would be taken in, and the lines of the file not accounted for."""
    content = parquet(pa.table({"id": ["1", "2", "3"]}))

    class Spoilt(pq.ParquetFile):
        def iter_batches(self, *args, **options):
            yield from (batch.slice(1) for batch in super().iter_batches(*args, **options))

    monkeypatch.setattr(pq, "ParquetFile", Spoilt)
    assert refused(content, PARQUET, "id", columns={"product_id": ColumnMapping(from_="id", type="product")}) == (
        "is damaged: its footer tells of 3 rows, and it holds 2"
    )
