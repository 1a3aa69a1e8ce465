"""A delivery that rightly holds no record is taken in, once, and stops nothing."""

import shutil
from datetime import date

import pytest

from frames import contents
from lakes import ROOT, looked_at, open_lake
from reclake.look.waiting import files_to_take_in
from reclake.run.ingest import ingest
from reclake.run.scope import scope_of
from reclake.run.views import published
from reclake.tables import bronze

GOOD = ROOT / "tests" / "data" / "online_retail" / "2011-01-04.csv"


@pytest.fixture
def app(spark, tmp_path):
    (tmp_path / "landing" / "online_retail").mkdir(parents=True)
    return open_lake(spark, tmp_path, source="online_retail", landing=tmp_path / "landing")


def taken_in(app):
    return contents(published(app, bronze.FILES), "file_name", "outcome", "delivery_day", "n_records", "n_header_lines")


def as_ofs(lake, first, last):
    """Days of January 2011: the as_ofs that a run over a span of them asks for."""
    span = {name: day and date(2011, 1, day) for name, day in (("first", first), ("last", last))}
    return tuple(day.day for day in scope_of(lake, **span).as_ofs)


def test_a_closed_shop_delivers_a_header_and_the_day_after_is_taken_in_beside_it(app, tmp_path):
    folder = tmp_path / "landing" / "online_retail"
    header = GOOD.read_bytes().splitlines(keepends=True)[0]
    for day in ("2011-01-02", "2011-01-03"):
        (folder / f"{day}.csv").write_bytes(header)
    closed = [
        {
            "file_name": f"2011-01-0{n}.csv",
            "outcome": "ingested",
            "delivery_day": date(2011, 1, n),
            "n_records": 0,
            "n_header_lines": 1,
        }
        for n in (2, 3)
    ]
    assert ingest(app) == {}
    assert taken_in(app) == closed
    assert bronze.ORDERS.name not in app.manifest.current()  # nothing was appended

    assert ingest(app) == {}
    assert (taken_in(app), files_to_take_in(looked_at(app), app.sources["online_retail"])) == (closed, [])

    # A closed shop's day is a delivery, and has its as_of; a day without a file has none.
    for lake in (app, looked_at(app).lake):
        assert [as_ofs(lake, *span) for span in ((None, None), (2, 2), (2, 9), (1, 2), (4, 9))] == [(4,), (3,), (4,), (3,), ()]

    shutil.copy(GOOD, folder)
    assert ingest(app) == {}
    day = {"file_name": GOOD.name, "outcome": "ingested", "delivery_day": date(2011, 1, 4), "n_records": 10, "n_header_lines": 1}
    assert taken_in(app) == [*closed, day]
    assert published(app, bronze.ORDERS).count() == 10
