"""How records are cut into files, and in what order they come, changes nothing that is read of them."""

import csv
import io
import json
import random
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import spoilt
from parsing import read
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.sources.feed import Feed
from reclake.sources.split import opened
from sources_of_records import EVENT_COLUMNS, ORDER_COLUMNS, feed

POINTER = ("source", "delivery_day", "file_digest", "position")
EVENT_NAMES = (
    "channel",
    "event_id",
    "occurred_at",
    "received_at",
    "event_type",
    "login_account_id",
    "device_id",
    "product_id",
    "rating",
    "search_query",
)
ORDER_NAMES = ("order_id", "line_id", "ordered_at", "channel", "account_id", "product_id", "quantity", "unit_price_amount")
HEADER = "order,line,at,channel,customer,code,n,price"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1")


def events(draw):
    good = {
        "id": "e",
        "ts": "2026-03-01T08:00:00Z",
        "got": 1772352000000,
        "type": "view",
        "user": {"login": "u"},
        "device": "d",
        "sku": "p",
        "v": 4,
        "k": "tea",
    }
    return [
        json.dumps(spoilt(draw, good | {"id": f"e{n}", "ts": f"2026-03-{n % 31:02d}T08:{n % 60:02d}:{n % 61:02d}Z"}))
        for n in range(60)
    ]


def lines(draw):
    cells = ("2026-03-01 08:00:{:02d}", "web", "17850.0", "A{}", "{}", "2.50")
    return [
        ",".join([f"o{n // 3}", str(n % 3), *(cell.format(n % 61) for cell in cells)]) + ("" if n % 7 else draw.choice((",", "\x00", '"', ""))) for n in range(60)
    ]  # fmt: skip


def bag(rows):
    return sorted(repr({name: value for name, value in row.items() if name not in POINTER}) for row in rows)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 60), max_size=6), other=st.randoms(use_true_random=False))
def test_any_order_and_any_cut_give_the_same_rows(keys, seed, cuts, other):
    draw = random.Random(seed)
    as_text = {"events": feed("events", EVENT_COLUMNS, values="as_text")}
    till = {"orders": feed("orders", ORDER_COLUMNS, format="csv")}
    for raws, how in (
        (events(draw), dict(columns=EVENT_NAMES, **as_text)),
        (lines(draw), dict(table="orders", columns=ORDER_NAMES, header=HEADER, **till)),
    ):
        whole = read(keys, raws, **how)
        shuffled = other.sample(raws, len(raws))
        places = [0, *sorted(cuts), len(raws)]
        files = [shuffled[begin:end] for begin, end in pairwise(places) if end > begin]
        assert bag(whole) == bag(row for file in files for row in read(keys, file, **how))
        assert sum(not row["read_reasons"] for row in whole) >= 5


ENCODED = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "latin-1")
DECLARED = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}
LIMITS = SimpleNamespace(max_file_bytes=1 << 20, max_unpacked_ratio=100, max_record_bytes=1 << 16)
TITLES = st.text(st.characters(codec="latin-1", exclude_categories=("Cc",)), max_size=6)  # what each of the encodings holds


def sales(titles):
    return [
        (f"o{n}", "1", "2026-03-01 08:00:00", "web", f"c{title}", f"A{n}", str(n % 9 + 1), "2.50")
        for n, title in enumerate(titles)
    ]


def file_of(rows, encoding):
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([HEADER.split(","), *rows])
    return written.getvalue().encode(encoding)


@settings(deadline=None, max_examples=20)
@given(
    titles=st.lists(TITLES, min_size=6, max_size=20),
    cut=st.integers(1, 5),
    encodings=st.tuples(st.sampled_from(ENCODED), st.sampled_from(ENCODED)),
    other=st.randoms(use_true_random=False),
)
def test_any_declared_encoding_order_and_cut_give_the_same_ids_and_rows(keys, titles, cut, encodings, other):
    """Whole files, as they would lie in a landing folder: through the splitter and the parser."""
    rows = sales(titles)
    shuffled = other.sample(rows, len(rows))

    def taken_in(files):
        found = []
        for part, encoding in files:
            till = feed("orders", ORDER_COLUMNS, format="csv", encoding=DECLARED.get(encoding, encoding))
            file = opened(file_of(part, encoding), "x.csv", Feed.model_validate(till), LIMITS)
            found += read(
                keys,
                [bytes(record) for record in file.records],
                table="orders",
                columns=ORDER_NAMES,
                header=file.header,
                orders=till,
            )
        return found

    whole = taken_in([(rows, "utf-8")])
    first, second = encodings
    assert bag(whole) == bag(taken_in([(shuffled[:cut], first), (shuffled[cut:], second)]))
    assert len(whole) == len(rows)
    assert not any(row["read_reasons"] for row in whole)
