"""Purposes for which customers are contacted: the shipped ones, and what a file may not say."""

from typing import get_args

import pytest

from lakes import ROOT
from reclake.errors import SettingsInvalid, UsageError
from reclake.outreach.catalogues import PURPOSES
from reclake.outreach.history import ANSWERS
from reclake.outreach.purpose import ContactChannel, Tier, require_purpose
from reclake.outreach.reach import NEEDS
from reclake.segment.tiers import TIER_NAMES_ZH
from reclake.settings import load_settings

GOOD = """
description = "Call those who left."
consent = "marketing"
tiers = ["dormant"]
channels = ["call"]
precedence = 1
"""


def read(tmp_path, text):
    path = tmp_path / "recall.toml"
    path.write_text(text)
    return PURPOSES.read(path)


def test_the_shipped_ones_are_whole_and_their_order_is_decided():
    shipped = PURPOSES.load(ROOT / "conf" / "purposes")
    assert set(shipped) == {"win_back", "thank_loyal", "second_order"}
    assert len({purpose.precedence for purpose in shipped.values()}) == len(shipped)


def test_words_are_those_of_tiers_and_of_the_rules():
    assert set(get_args(Tier)) == set(TIER_NAMES_ZH)
    assert set(get_args(ContactChannel)) == set(NEEDS)
    assert "delivered" not in ANSWERS


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('"marketing"', '"sales"', "consent: 'sales' is no purpose of consent: one of personalisation, marketing"),
        ('["dormant"]', '["dorment"]', "did you mean 'dormant'"),
        ('["dormant"]', "[]", "tiers: needs at least 1, and has 0"),
        ('["call"]', '["mail"]', r"channels\.0: "),
        ('["call"]', '["call", "call"]', "channels names one of them twice: call, call"),
        ("precedence = 1", "precedence = 0", "precedence: "),
        ("precedence = 1", "precedence = 1\nat = 3", "at: is no known key"),
    ],
)
def test_a_file_that_says_something_wrong_is_refused(tmp_path, right, wrong, message):
    assert read(tmp_path, GOOD).channels == ("call",)
    with pytest.raises(SettingsInvalid, match=message):
        read(tmp_path, GOOD.replace(right, wrong))


def test_an_unknown_purpose_is_answered_with_the_known_ones():
    require_purpose("recall", {"recall"})
    with pytest.raises(UsageError, match="there is no purpose 'recal'") as error:
        require_purpose("recal", {"recall", "win_back"})
    assert "purposes recall, win_back" in str(error.value)
    assert "did you mean 'recall'?" in str(error.value)


def test_a_history_that_would_forget_a_contact_is_refused():
    def contacts(*overrides):
        return load_settings(ROOT, profile="test", overrides=overrides, environment={}).contacts

    assert contacts().max_contacts >= 1
    assert contacts("contacts.history_days=0").history_days == 0
    with pytest.raises(SettingsInvalid, match="history_days is 30: it is 0, or at least 90"):
        contacts("contacts.history_days=30")
    with pytest.raises(SettingsInvalid, match="at least 400"):
        contacts("contacts.window_days=400")
