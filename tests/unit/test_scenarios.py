"""Scenarios: the shipped ones, and what a file may not say."""

import tomllib
from typing import get_args

import pytest

from lakes import ROOT
from reclake.errors import SettingsInvalid
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.definition import PLACEHOLDERS, SHOWN_DAYS, Reason
from reclake.recommend.scenarios.links import Relation, Scope
from reclake.tables import gold, silver

GOOD = """
description = "Under the search."
query = "customer"
label = "opened"
within_days = 7
metric = "precision"

[blocks.list]
size = 4

[[blocks.list.chain]]
link = "model"
model = "als"

[[blocks.list.chain]]
link = "related"
relation = "bought_next"
to = "bought"

[[blocks.list.chain]]
link = "rows"
table = "gold.due_again"
score = "due_ratio"
where = { is_due = true }

[[blocks.list.chain]]
link = "popular"
scope = "all"

[[reasons]]
fact = "bought"
en = "Because you bought {product}"
zh = "因为您买过{product}"
"""
OF_A_PRODUCT = """
description = "Beside a product."
query = "product"
label = "opened_with"
within_days = 7
metric = "precision"

[blocks.list]

[[blocks.list.chain]]
link = "related"
relation = "seen_next"
"""


def read(tmp_path, text):
    path = tmp_path / "search.toml"
    path.write_text(text)
    return SCENARIOS.read(path)


def test_the_shipped_ones_are_whole():
    shipped = SCENARIOS.load(ROOT / "conf" / "scenarios")
    assert {name: one.query for name, one in shipped.items()} == {
        "account_page": "customer",
        "cart": "basket",
        "home": "customer",
        "item_page": "product",
        "repurchase": "customer",
        "win_back": "customer",
    }
    assert set(shipped["item_page"].blocks) == {"substitutes", "complements"}
    assert shipped["home"].blocks["list"].unseen
    assert not shipped["repurchase"].blocks["list"].unseen, "what is due again was bought before"
    assert shipped["cart"].blocks["list"].category == "other", "no substitute of what is in it"
    assert [name for name, one in shipped.items() if one.reaches_out] == ["win_back"]
    everybody = [one for name, one in shipped.items() if name not in ("repurchase", "item_page")]
    assert {block.chain[-1].key for one in everybody for block in one.blocks.values()} == {"popular/all"}, (
        "the list is always filled"
    )


def test_a_new_scenario_is_a_file(tmp_path):
    scenario = read(tmp_path, GOOD)
    assert [link.strategy for _, link in scenario.links] == ["als", "bought_next", "due_again", "popular"]
    assert scenario.is_of_customers
    assert scenario.blocks["list"].size == 4
    assert not read(tmp_path, OF_A_PRODUCT).is_of_customers


def test_the_words_are_those_of_the_tables():
    docs = {field.name: field.doc for field in gold.PRODUCT_RELATIONS.fields}
    assert all(f"{relation}:" in docs["relation"] for relation in get_args(Relation))
    docs = {field.name: field.doc for field in gold.POPULAR_PRODUCTS.fields}
    of_lists = {"last_7_days": "kind", "last_category": None}  # the last one is the list of a category
    assert all(scope in docs[of_lists.get(scope, "scope")] for scope in get_args(Scope) if of_lists.get(scope, scope))
    assert set(PLACEHOLDERS) == set(get_args(Reason.model_fields["fact"].annotation))
    (shown,) = [i for i in gold.RECOMMENDATIONS.reads if i.table == silver.IMPRESSIONS]
    assert shown.days.window_days == SHOWN_DAYS


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('"als"', '"ease"', r"blocks\.list\.chain\.0.*: there is no model 'ease'; known are als, item_item"),
        ("{product}", "{product!r}", "en: braces hold the name of a value alone"),
        ("{product}", "{product:>9}", "en: braces hold the name of a value alone"),
        ("{product}", "{{product}}", "en: braces hold the name of a value alone"),
        ("{product}", "{product}}}", "en: braces hold the name of a value alone"),
        ('"gold.due_again"', '"gold.due"', r"there is no table 'gold.due' \(did you mean 'gold.due_again'\?\)"),
        ('"gold.due_again"', '"silver.orders"', "there is no table 'silver.orders'"),
        ('"gold.due_again"', '"silver.interactions"', "silver.interactions is no table that a list can be made of"),
        ('"due_ratio"', '"ratio"', "score: gold.due_again has no column 'ratio'"),
        ('"due_ratio"', '"category"', "score: gold.due_again.category is no number"),
        ("is_due = true", "due = true", r"where: gold.due_again has no column 'due' \(did you mean 'is_due'\?\)"),
        ("is_due = true", "is_due = 'yes'", r"where.is_due: gold.due_again.is_due is boolean, 'yes' is not"),
        ('zh = "因为您买过{product}"', 'fr = "Parce que"', r"reasons\.0\.zh: is missing; reasons\.0\.fr: is no known key.*fact, en, zh"),
        ("您买过{product}", "您买过{item}", r"zh: bought has no value \{item\}; it has \{product\}"),
        ("您买过{product}", "您买过", "en and zh name different values"),
        ('fact = "bought"', 'fact = "likes"', r"reasons\.0\.fact: "),
        ('"bought_next"', '"bought_after"', r"relation: .*did you mean 'bought_together'"),
        ('scope = "all"', 'scope = "world"', "scope: "),
        ('link = "popular"', 'link = "magic"', "does not match any of the expected tags"),
        ("size = 4", "size = 400", r"blocks\.list\.size: "),
        ("size = 4", "length = 4", r"blocks\.list\.length: is no known key.*known are size, chain"),
        ("size = 4", "not_shown_days = 31", "not_shown_days: "),
        ('to = "bought"', "", "related products of a customer need to = 'bought' or 'seen' or 'last'"),
        ('"popular"\nscope = "all"', '"model"\nmodel = "als"', "chain names model/als twice"),
        ('label = "opened"', 'label = "clicked"', "label: "),
        ('label = "opened"', 'label = "ordered_with"', "label: a customer is judged by opened or bought or opened_or_bought or bought_again, not by ordered_with"),
        ("within_days = 7", "", "within_days: is missing"),
        ("within_days = 7", "within_days = 91", "within_days: "),
        ('metric = "precision"', 'metric = "click_rate"', "metric: "),
        ('metric = "precision"', 'metric = "precision"\nreaches_out = true', "reaches_out needs eligible.table = 'gold.contact_list'"),
        ('query = "customer"', 'query = "basket"', "model/als belongs to customers, and the query is a basket"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_wrong_is_refused(tmp_path, right, wrong, message):
    assert right in GOOD
    with pytest.raises(SettingsInvalid, match=message) as error:
        read(tmp_path, GOOD.replace(right, wrong))
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert lines[0] == "scenario file search.toml cannot be used"


def test_what_could_be_bought_again_is_not_left_out(tmp_path):
    again = GOOD.replace('label = "opened"', 'label = "bought_again"')
    assert read(tmp_path, again).label == "bought_again"
    with pytest.raises(SettingsInvalid, match="unseen leaves out all that could be bought again"):
        read(tmp_path, again.replace("size = 4", "unseen = true"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[blocks.other]\nunseen = true\n[[blocks.other.chain]]\nlink = 'popular'\nscope = 'all'", "what was seen, bought or shown belongs"),
        ("[[reasons]]\nfact = 'looked_at'\nen = '{product}'\nzh = '{product}'", "looked_at is a fact of customers"),
        ("[eligible]\ntable = 'gold.contact_list'", "eligible and reaches_out belong to customers"),
    ],
)  # fmt: skip
def test_a_product_has_no_history(tmp_path, more, message):
    assert tomllib.loads(OF_A_PRODUCT + more)
    with pytest.raises(SettingsInvalid, match=message):
        read(tmp_path, OF_A_PRODUCT + more)


def test_only_pages_of_products_have_several_lists(tmp_path):
    second = '[blocks.other]\n\n[[blocks.other.chain]]\nlink = "popular"\nscope = "all"\n'
    assert set(read(tmp_path, OF_A_PRODUCT + second).blocks) == {"list", "other"}
    for text, query in ((OF_A_PRODUCT.replace('"product"', '"basket"'), "basket"), (GOOD, "customer")):
        with pytest.raises(SettingsInvalid, match=f"blocks: a {query} has one list, and list, other are 2"):
            read(tmp_path, text + second)
