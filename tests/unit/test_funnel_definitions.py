"""Files of funnels: what is shipped, and what is refused in three lines with the file and the key."""

import pytest

from lakes import ROOT
from reclake.behaviour.catalogues import FUNNELS
from reclake.errors import SettingsInvalid

FUNNEL = """
description = "Looked at and bought."
unit = "customer"
window = { days = 7 }

[[steps]]
name = "view"
any_of = [{ event = "view_item" }]

[[steps]]
name = "buy"
any_of = [{ event = "purchase" }, { event = "order", where = [{ property = "channel", one_of = ["pos"] }] }]
"""


def read(folder, text, name="bought"):
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return FUNNELS.read(folder / f"{name}.toml")


def refused(folder, old, new):
    assert FUNNEL.count(old) == 1
    with pytest.raises(SettingsInvalid) as error:
        read(folder, FUNNEL.replace(old, new))
    assert len(str(error.value).splitlines()) == 3
    assert error.value.args[0] == "funnel file bought.toml cannot be used"
    assert "docs/funnels.md" in error.value.args[2]
    return error.value.args[1]


def test_what_is_shipped_is_read():
    shipped = FUNNELS.load(ROOT / "conf" / "funnels")
    assert list(shipped) == ["browse_cart_order_pay", "same_product_purchase", "search_to_order"]
    assert [one.unit for one in shipped.values()] == ["session", "customer_product", "customer"]


def test_a_window_is_the_same_however_it_is_written(tmp_path):
    days, hours = (read(tmp_path, FUNNEL.replace("days = 7", text)) for text in ("days = 7", "hours = 168"))
    assert days.window.total_seconds == hours.window.total_seconds == 604_800


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("days = 7", "days = 0", "window: a window of 0 seconds; it lasts 1 second at least"),
        ("days = 7", "days = -1", "window.days: Input should be greater than or equal to 0"),
        ("days = 7", "days = 400", "366 days at most"),
        ("days = 7", "days = 7, natural_day = true", "window: natural_day is a window of its own"),
        ('"view_item"', '"view_itm"', "steps.0.any_of.0.event: Input should be"),
        ('"view_item"', '"view_itm"', "did you mean 'view_item'?"),
        ('"channel"', '"chanel"', "steps.1.any_of.1.where.0.property"),
        ('unit = "customer"', 'unit = "household"', "unit: Input should be 'customer', 'session' or 'customer_product'"),
        ('unit = "customer"', 'unit = "customer"\nmode = "loose"', "mode: Input should be"),
        ('unit = "customer"', 'unit = "session"', "an order line belongs to no device"),
        ('name = "buy"', 'name = "view"', "steps: two steps are named view"),
        (', one_of = ["pos"]', "", "channel is asked 0 questions"),
        ('one_of = ["pos"]', 'one_of = ["pos"], is_known = true', "channel is asked 2 questions"),
        ('one_of = ["pos"]', "at_least = 3", "channel is a text"),
        ('property = "channel", one_of = ["pos"]', 'property = "rating", one_of = ["5"]', "rating is a number"),
        ('property = "channel", one_of = ["pos"]', 'property = "rating", at_least = 5, at_most = 4', "cannot be at least 5 and at most 4"),
        ('unit = "customer"', 'unit = "customer"\nbreakdowns = ["channel", "channel"]', "breakdowns: channel stands twice"),
        ('unit = "customer"', 'unit = "customer"\nbreakdowns = ["colour"]', "breakdowns.0: Input should be"),
        ('unit = "customer"', 'unit = "customer"\nbreakdowns = ["category", "product_id"]', "breakdowns: category follows from product_id"),
        ('unit = "customer"', 'unit = "customer"\nbreakdowns = ["segment", "tier", "rfm_tier"]', "breakdowns: rfm_tier follows from segment"),
        ('unit = "customer"', 'unit = "customer_product"\nlinked = "product_id"', "says nothing new"),
        ('unit = "customer"', 'unit = "customer"\nexclude = [{ any_of = [{ event = "search" }], after = "pay" }]', "exclude.0: there is no step 'pay'"),
        ('unit = "customer"', 'unit = "customer"\nexclude = [{ any_of = [{ event = "search" }], after = "buy" }]', "buy does not stand before buy"),
        ('unit = "customer"', 'unit = "customer"\nmode = "any"\nexclude = [{ any_of = [{ event = "search" }] }]', "exclude needs an order of steps"),
        ('one_of = ["pos"]', 'one_of = ["webb"]', "channel is never 'webb' (did you mean 'web'?); it is app, mini_program, web, pos"),
        ('property = "channel", one_of = ["pos"]', 'property = "hour", at_least = 25', "hour lies between 0 and 23"),
        ('unit = "customer"', 'unit = "customer"\nwindow_days = 7', "window_days: is no known key"),
        ('event = "purchase"', 'event = "purchase", weight = 3', "weight: is no known key"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path, old, new, told):
    assert told in refused(tmp_path, old, new)


def test_a_wrong_event_is_one_mistake(tmp_path):
    told = refused(tmp_path, 'event = "purchase"', 'event = "purchas"')
    assert "did you mean 'purchase'?" in told
    assert "at least" not in told, "the list has its steps; one of them is wrong"


def test_one_step_is_no_funnel(tmp_path):
    told = refused(tmp_path, FUNNEL[FUNNEL.index('[[steps]]\nname = "buy"') :], "")
    assert "steps: needs at least 2, and has 1" in told


@pytest.mark.parametrize(
    "other", ['{ event = "view_item" }', '{ event = "view_item", where = [{ property = "channel", one_of = ["app"] }] }']
)
def test_repeated_steps_are_refused_in_mode_any(tmp_path, other):
    text = FUNNEL.replace('unit = "customer"', 'unit = "customer"\nmode = "any"').replace('{ event = "purchase" }', other)
    with pytest.raises(SettingsInvalid, match="steps view and buy can be the same event, which mode any does not allow"):
        read(tmp_path, text)


def test_mode_any_takes_steps_that_no_event_can_share(tmp_path):
    text = FUNNEL.replace('unit = "customer"', 'unit = "customer"\nmode = "any"')
    web, app = (
        f'{{ event = "view_item", where = [{{ property = "channel", one_of = ["{name}"] }}] }}' for name in ("web", "app")
    )
    assert read(tmp_path, text.replace('{ event = "view_item" }', web).replace('{ event = "purchase" }', app)).mode == "any"
