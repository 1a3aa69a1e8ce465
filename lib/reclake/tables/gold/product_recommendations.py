"""What the page of every product shows beside it."""

from dataclasses import replace

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes, valid_at_as_of
from reclake.tables.silver import PRODUCTS, STOCK

from ._common import AS_OF, RETENTION
from ._shown import REASONS, SCENARIO, STATUS, STRATEGY
from .popular_products import POPULAR_PRODUCTS
from .product_relations import PRODUCT_RELATIONS

BLOCK = plain(
    "block", "string", "The list within the scenario: substitutes or complements of the page of a product.", required=True
)
SCORE = plain("score", "double", "The link's own score; comparable within one list and strategy only.", required=True)
# Of lists of before there are none here: each row says how it came.
WAY = tuple(replace(field, required=True) for field in STRATEGY)

PRODUCT_RECOMMENDATIONS = Table(
    name="gold.product_recommendations",
    grain="one row per as_of_date, scenario, block, product of the day, sold out or not, and rank of a product beside it",
    key=("as_of_date", "scenario", "block", "product_id", "rank"),
    fields=(
        AS_OF,
        SCENARIO,
        BLOCK,
        personal("product_id", "string", "The product whose page it is.", required=True),
        plain("rank", "integer", "1, 2, … without gaps.", "rank", required=True),
        personal("recommended_product_id", "string", "The product that is shown beside it.", required=True),
        SCORE,
        *WAY,
        *REASONS,
        *STATUS,
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(
        Input(PRODUCTS, valid_at_as_of()),
        Input(STOCK, valid_at_as_of(), feeds=False),
        Input(PRODUCT_RELATIONS, same_day(), feeds=False),
        Input(POPULAR_PRODUCTS, same_day(), feeds=False),
    ),
    catalogues=("scenarios",),
    parameters=takes(limits="recommendations"),
    may_be_empty="nothing may be on sale, or one product alone; no scenario may ask for it",
    is_restated=False,
)
