"""What completes a cart: for each product, and for each pair that is bought together often."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES, PRODUCTS, STOCK

from ._common import AS_OF, RETENTION
from ._shown import REASONS, SCENARIO, STATUS
from .popular_products import POPULAR_PRODUCTS
from .product_recommendations import SCORE, WAY
from .product_relations import PRODUCT_RELATIONS

BASKET_RECOMMENDATIONS = Table(
    name="gold.basket_recommendations",
    grain="one row per as_of_date, scenario, basket of one product or of a frequent pair, and rank of a product that completes it",
    key=("as_of_date", "scenario", "basket", "rank"),
    fields=(
        AS_OF,
        SCENARIO,
        personal("basket", "string", "The products of the basket: a JSON list of ids in their order.", required=True),
        plain("n_products", "long", "How many these are.", "products", required=True),
        plain("rank", "integer", "1, 2, … without gaps.", "rank", required=True),
        personal("product_id", "string", "The product that completes it.", required=True),
        SCORE,
        plain(
            "confidence",
            "double",
            "Of the orders that hold the basket the share that hold the product too; null for what no rule of orders gave.",
            "0–1",
        ),
        plain(
            "lift", "double", "confidence over the share of all orders that hold the product; above 1: more than chance.", "ratio"
        ),
        plain("support", "double", "Of all orders the share that hold basket and product.", "0–1"),
        *WAY,
        *REASONS,
        *STATUS,
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(
        PEOPLE,
        Input(ORDER_LINES, until_as_of(window="relations.window_days")),
        Input(PRODUCTS, valid_at_as_of()),
        Input(STOCK, valid_at_as_of(), feeds=False),
        Input(PRODUCT_RELATIONS, same_day(), feeds=False),
        Input(POPULAR_PRODUCTS, same_day(), feeds=False),
    ),
    catalogues=("scenarios",),
    parameters=takes(limits="recommendations", min_customers="relations.min_customers", min_group_size="privacy.min_group_size"),
    may_be_empty="nothing may be on sale, or one product alone; no scenario may ask for it",
    is_restated=False,
)
