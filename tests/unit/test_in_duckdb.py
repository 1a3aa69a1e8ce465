"""What DuckDB is given without pandas: values as SQL, against DuckDB's own binding; and rows that are held or streamed."""

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest

from lakes import ROOT
from reclake.look import in_duckdb
from reclake.look.in_duckdb import execute, literal
from reclake.look.reader import Reader
from reclake.tables import BY_NAME

GOLDEN = ROOT / "tests" / "data" / "lake-0.1"
VALUES = [
    None, True, False, 0, -1, 2**31, -(2**63), 2**64, 10**30, 0.1, -0.0, 5e-324, 1e300, math.inf, -math.inf,
    date(1, 1, 1), date(9999, 12, 31), datetime(1582, 10, 15), datetime(2026, 3, 29, 1, 59, 59, 999_999),
    "", "茶 🫖", "'", "''", "\\'", "'); DROP TABLE rows; --", "a\x00b", "?", "$1", "{}", "\n", ["x'", None], [1, 2],
]  # fmt: skip


def both_ways(connection, value):
    sql = "SELECT $1, typeof($1)"
    return execute(connection, sql, [value]).fetchall(), connection.execute(sql, [value]).fetchall()


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_the_one_that_duckdb_binds(value):
    connection = duckdb.connect()
    ((found, kind),), ((bound, bound_kind),) = both_ways(connection, value)
    assert (repr(found), kind) == (repr(bound), bound_kind)


@pytest.mark.parametrize(
    "written", ["0.10", "-99999999999999.9999", "1E+3", "1E-7", "0", "-12345678901234567890123456789012345678"]
)
def test_an_amount_is_exact(written):
    """DuckDB itself binds 1E+3 as 1.000."""
    amount = Decimal(written)
    ((found,),) = execute(duckdb.connect(), "SELECT $1", [amount]).fetchall()
    assert found == amount
    assert not isinstance(found, float)


def test_what_is_no_number_compares_as_duckdb_binds_it():
    for value in (math.nan, Decimal("nan")):
        ((found, _),), ((bound, _),) = both_ways(duckdb.connect(), value)
        assert math.isnan(found)
        assert math.isnan(bound)


def test_a_time_with_a_zone_is_that_moment_in_utc_as_the_lake_holds_times():
    moment = datetime(2026, 3, 29, 1, 59, tzinfo=timezone(timedelta(hours=2)))
    assert execute(duckdb.connect(), "SELECT $1", [moment]).fetchall() == [(datetime(2026, 3, 28, 23, 59),)]


def test_another_kind_of_value_is_refused_and_not_shown():
    with pytest.raises(TypeError, match="no value of a query: set"):
        literal({"a person"})


def test_rows_that_are_streamed_are_those_that_are_held(monkeypatch):
    """All tables of the lake both ways; a stream is read anew where a query names the rows twice."""
    names = [path.stem for path in sorted((GOLDEN / "rows").glob("*.jsonl"))]

    def read():
        reader, rows = Reader(str(GOLDEN / "lake"), spark=None), {}
        for name in names:
            table = BY_NAME[name]
            columns = [field.name for field in table.fields]
            rows[name] = sorted(map(repr, reader.query(table, "SELECT * FROM rows", columns=columns)))
            twice = "SELECT (SELECT count(*) FROM rows) + count(*) FROM rows"
            assert reader.query(table, twice, columns=columns[:1]) == [(2 * len(rows[name]),)]
        return rows

    held = read()
    monkeypatch.setattr(in_duckdb, "HELD_BYTES", -1)
    assert read() == held
    assert sum(map(len, held.values())) > 500
