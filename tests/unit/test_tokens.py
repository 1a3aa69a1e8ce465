import hashlib
import hmac

import pytest

from reclake.privacy.contact_data import (
    normalised_card,
    normalised_contact,
    normalised_email,
    normalised_phone,
    normalised_text,
    normalised_union,
)
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys, contact_tokens
from reclake.privacy.tokens import account_pseudonym, contact_token, device_pseudonym

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


def expected(message, key=KEY):
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()[:32]


def test_pseudonyms_are_the_stated_hmacs():
    assert account_pseudonym(KEY, source="demo", channel="app", native_id="7") == "a_" + expected("account|demo|app|7")
    assert device_pseudonym(KEY, source="demo", native_id="设备7") == "d_" + expected("device|demo|设备7")
    assert contact_token(KEY, key_id="c1", kind="phone", value="+8613800138000") == "c1:" + expected("phone|+8613800138000")


def test_nothing_else_gives_the_same_account():
    accounts = [
        account_pseudonym(key, source=source, channel=channel, native_id=native_id)
        for key in (KEY, OTHER_KEY)
        for source, channel, native_id in [
            ("s", "app", "1"), ("s", "web", "1"), ("t", "app", "1"), ("s", "app", "01"), ("s", "a", "b|c"), ("s", "a|b", "c"),
            ("s", "a%7Cb", "c"),
        ]
    ]  # fmt: skip
    assert len(set(accounts)) == len(accounts) == 14


def test_a_dictionary_of_phones_does_not_find_a_token():
    phones = [f"+861380013{n:04d}" for n in range(10_000)]
    tokens = {contact_token(KEY, key_id="c1", kind="phone", value=phone) for phone in phones}
    guesses = {
        hashlib.sha256(text.encode()).hexdigest()[:32] for phone in phones for text in (phone, phone[3:], f"phone|{phone}")
    }
    assert len(tokens) == 10_000
    assert not {token.removeprefix("c1:") for token in tokens} & guesses


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        " 138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "008613800138000",
        "(+86)13800138000",
        "１３８００１３８０００",
    ],
)
def test_one_phone_in_many_spellings(written):
    assert normalised_phone(written, "CN") == "+8613800138000"


def test_the_region_reads_numbers_without_country_code():
    assert normalised_phone("020 7946 0000", "GB") == "+442079460000"
    assert normalised_phone("+44 20 7946 0000", "CN") == "+442079460000"
    assert normalised_phone("13800138000", "ZZ") is None


@pytest.mark.parametrize(
    "written", ["", " ", "0", "unknown", "N/A", "无", "11111111111", "00000000000", "1380013", "abc", "１１１１１１１１１１１"]
)
def test_a_phone_that_reaches_nobody_is_none(written):
    assert normalised_phone(written, "CN") is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" Anna.Li@Example.COM ", "anna.li@example.com"),
        ("a+b@x.example.org", "a+b@x.example.org"),
        ("ａｎｎａ＠example.com", "anna@example.com"),
        ("anna@example", None),
        ("anna@.com", None),
        ("anna@example..com", None),
        ("anna@b@example.com", None),
        ("unknown@example.com", None),
        ("0000@example.com", None),
        ("无", None),
        ("a" * 250 + "@example.com", None),
        ("", None),
    ],
)
def test_email_addresses(written, address):
    assert normalised_email(written) == address


@pytest.mark.parametrize(
    ("written", "card"),
    [
        ("vip-8800 1234", "VIP88001234"),
        ("ＶＩＰ－８８００１２３４", "VIP88001234"),
        ("8800\u20131234", "88001234"),
        ("VIP 88", None),
        ("123456", "123456"),
        ("12345", None),
        ("999999", None),
        ("WALKIN", None),
        ("unknown", None),
        ("无", None),
        ("", None),
    ],
)
def test_card_numbers(written, card):
    assert normalised_card(written) == card
    assert card is None or normalised_card(card) == card


@pytest.mark.parametrize(
    ("written", "union"),
    [
        (" oWx_8Qa-1 ", "oWx_8Qa-1"),
        ("owx_8qa-1", "owx_8qa-1"),
        ("oWx\u200b8Qa1", "oWx8Qa1"),
        ("oWx8Q", None),
        ("undefined", None),
        ("00000000-0000-0000-0000-000000000000", None),
        ("------", None),
    ],
)
def test_ids_of_a_platform(written, union):
    assert normalised_union(written) == union


def test_equal_texts_of_two_kinds_are_two_tokens(tmp_path):
    make_key_files(str(tmp_path), ["c1"])
    keys = Keys(str(tmp_path), contact_key_id="c1", default_region="CN")
    made = {contact_tokens(keys, kind)("VIP88001234") for kind in ("card", "union")}
    assert len(made) == 2
    assert all(token.startswith("c1:") for token in made)
    with pytest.raises(ValueError, match="no kind of contact"):
        normalised_contact("fax", "1", "CN")


def test_an_address_is_kept_as_written():
    assert normalised_text(" 南京东路 100 号 ") == "南京东路 100 号"
    assert normalised_text("未知") is None
