"""Reviews and chats of the demo company: what they say is known, and they leave all other files as they are."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import date

import phonenumbers
import pytest

from demo import demo_settings
from reclake.privacy.masking import masked
from reclake.synthetic.catalogue import Catalogue
from reclake.synthetic.company import slot_lines
from reclake.synthetic.facts import World
from reclake.synthetic.feeds.orders import TILL_HEADER
from reclake.synthetic.landing import TRUTH, FileMaker

SETTINGS = demo_settings(n_days=40, feedback__review_share=0.6, feedback__chat_share=0.3, feedback__contact_share=0.2)
CONTACTS = {
    "wechat": r"wxid_[0-9a-f]{8}|demo_[0-9a-f]{8}|shop\d{4}",
    "email": r"shopper\d+@(mail\.)?example\.(com|org)",
    "qq": r"[1-9]\d{8}",
    "address": r".{2,3}市.{2,4}区.{2}路\d{1,3}号\d{1,2}室",
}


def lines_of(settings, n_people):
    world = World.of(settings)
    return [line for number in range(n_people) for line in slot_lines(world, number)]


@pytest.fixture(scope="module")
def lines():
    return lines_of(SETTINGS, 250)


@pytest.fixture(scope="module")
def told(lines):
    """By id what the truth says."""
    rows = (json.loads(line.payload) for line in lines if line.file.startswith(f"{TRUTH}feedback/"))
    return {row["feedback_id"]: row for row in rows}


@pytest.fixture(scope="module")
def good(lines):
    """By id the record as it was delivered."""
    return {
        line.record_id: json.loads(line.payload)
        for line in lines
        if line.table == "feedback" and line.expected == "kept" and not line.file.startswith(TRUTH)
    }


def files_of(settings, folder):
    by_file = defaultdict(list)
    for line in lines_of(settings, 60):
        if not line.file.startswith(TRUTH):
            by_file[line.file].append(line)
    for name, in_file in by_file.items():
        maker = FileMaker(name, in_file[0].table, date(2026, 1, 1), {"orders/pos": TILL_HEADER})
        for line in sorted(in_file, key=lambda line: (line.received, line.tie)):
            maker.add(line.payload, line.kind, line.expected, line.record_id)
        list(maker.finish(str(folder), str(folder), attempt="1"))
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in by_file}


def test_the_files_of_all_other_feeds_are_the_same_with_and_without_it(tmp_path):
    silent = {"feedback__review_share": 0, "feedback__chat_share": 0}
    without = files_of(demo_settings(n_days=14, **silent), tmp_path / "without")
    told = files_of(demo_settings(n_days=14, feedback__review_share=1, feedback__chat_share=1), tmp_path / "with")
    own = {name for name in told if name.startswith("feedback/")}
    assert {name.split("/")[1] for name in own} == {"reviews", "chats"}
    assert len(without) > 100
    assert {name: digest for name, digest in told.items() if name not in own} == without


def test_what_is_delivered_is_what_the_truth_tells(told, good):
    assert len(good) > 500
    assert good.keys() <= told.keys()
    for name, record in good.items():
        row = told[name]
        assert record["order_no"] == row["order_id"]
        if row["feedback_kind"] == "review":
            assert (record["sku"], record["stars"], record["review_no"]) == (row["product_id"], row["rating"], name)
        else:
            assert (record["conversation"], record["message_no"]) == (row["conversation_id"], name)
            assert {"buyer": "customer", "service": "staff"}[record["role"]] == row["speaker"]


def test_reviews_come_after_their_order_and_nobody_writes_before_the_day_after_the_account(lines, good):
    orders, opened = {}, {}
    for line in lines:
        if line.file.startswith("orders/") and line.file.endswith(".jsonl") and line.expected == "kept":
            order = json.loads(line.payload)
            seen = orders.setdefault(order["order_no"], [order["buyer"], 0, set()])
            seen[1], seen[2] = max(seen[1], line.delivery_day), seen[2] | {order["sku"]}
        elif line.file.startswith("accounts/") and line.expected == "kept":
            account = json.loads(line.payload)["account_no"]
            opened[account] = min(opened.get(account, line.delivery_day), line.delivery_day)
    days = {line.record_id: line.delivery_day for line in lines if line.table == "feedback" and line.expected == "kept"}
    for name, record in good.items():
        who = record.get("buyer") or record["customer"]
        assert days[name] > opened[who]
        if "sku" in record:
            buyer, day, products = orders[record["order_no"]]
            assert buyer == who
            assert days[name] > day
            assert record["sku"] in products


def test_reviews_are_varied_and_their_sentiment_leans_on_the_stars_but_not_only(told, good):
    reviews = [(row, good[name]) for name, row in told.items() if row["feedback_kind"] == "review" and name in good]
    texts = [record["content"] for _, record in reviews if "content" in record]
    assert len(set(texts)) > max(300, 0.95 * len(texts))
    assert all((row["sentiment"] is None) == ("content" not in record) for row, record in reviews)
    by_stars = defaultdict(Counter)
    for row, record in reviews:
        if "content" in record:
            by_stars[row["rating"]][row["sentiment"]] += 1
    agreeing = {1: "negative", 2: "negative", 3: "neutral", 4: "positive", 5: "positive"}
    shares = {stars: found[agreeing[stars]] / sum(found.values()) for stars, found in by_stars.items()}
    assert set(shares) == {1, 2, 3, 4, 5}
    assert all(share > 0.7 for share in shares.values())
    assert 0.85 < sum(by_stars[stars][agreeing[stars]] for stars in shares) / len(texts) < 0.97


def test_who_likes_the_style_gives_more_stars(lines, told):
    styles = {product.product_id: product.style for product in Catalogue(SETTINGS).products}
    persons = {
        row["person_id"]: row["style"]
        for row in (json.loads(line.payload) for line in lines if line.file.startswith(f"{TRUTH}persons/"))
    }
    stars = defaultdict(list)
    for row in told.values():
        if row["rating"] is not None:
            stars[styles[row["product_id"]] == persons[row["person_id"]]].append(row["rating"])
    means = {liked: sum(given) / len(given) for liked, given in stars.items()}
    assert means[True] - means[False] > 0.7


def test_conversations_go_to_and_fro(told):
    talks = defaultdict(list)
    for row in told.values():
        if row["conversation_id"]:
            talks[row["conversation_id"]].append(row)
    assert len(talks) > 40
    assert len({row["topic"] for messages in talks.values() for row in messages}) == 7
    for messages in talks.values():
        in_time = sorted(messages, key=lambda row: row["occurred_at"])
        assert [row["speaker"] for row in in_time[:2]] == ["customer", "staff"][: len(in_time)]
        assert all(row["sentiment"] == "neutral" for row in in_time if row["speaker"] == "staff")
    assert {row["sentiment"] for messages in talks.values() for row in messages} == {"positive", "neutral", "negative"}


def test_planted_contacts_are_masked_and_everyday_texts_stay(told, good):
    kinds = Counter()
    for name, record in good.items():
        text, row = record.get("content"), told[name]
        if text is None:
            continue
        if row["contact_kind"] is None:
            assert masked(text) == text
            continue
        kinds[row["contact_kind"]] += 1
        contact = text[row["contact_begin"] : row["contact_end"]]
        assert is_of_kind(contact, row["contact_kind"])
        assert contact not in masked(text)
        assert contact[-4:] not in masked(text)
    assert set(kinds) == {"phone", "wechat", "email", "qq", "address"}
    assert min(kinds.values()) > 10


def is_of_kind(contact, kind):
    if kind != "phone":
        return re.fullmatch(CONTACTS[kind], contact) is not None
    digits = contact.translate(str.maketrans("零一二三四五六七八九", "0123456789"))
    return phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
