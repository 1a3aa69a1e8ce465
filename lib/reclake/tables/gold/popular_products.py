"""What most customers take: of all, of a category, on a channel, in a tier."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import INTERACTIONS, PRODUCTS

from ._common import AS_OF, SERIES
from .customer_segments import CUSTOMER_SEGMENTS

POPULAR_PRODUCTS = Table(
    name="gold.popular_products",
    grain="one row per as_of_date, scope, its value, kind and rank of a product on sale that at least privacy.min_group_size "
    "customers who may be profiled took there",
    key=("as_of_date", "scope", "value", "kind", "rank"),
    fields=(
        AS_OF,
        plain("scope", "string", "all, category, channel or tier: among whom, or among what.", required=True),
        plain(
            "value",
            "string",
            "The category at the as_of, the channel of the account, the customer's tier at the as_of; all: all.",
            required=True,
        ),
        personal(
            "kind",
            "string",
            "decayed: newer interactions weigh more; last_7_days: the last days alone, all alike.",
            required=True,
        ),
        plain("rank", "integer", "1, 2, … without gaps: the greatest score first, ties by product_id.", "rank", required=True),
        personal("product_id", "string", "The product; on sale at the as_of.", required=True),
        plain(
            "score",
            "double",
            "Weight of the interactions with it, by kind, number and, if decayed, age.",
            "weight",
            required=True,
        ),
        plain("n_customers", "long", "Customers whose interactions these are.", "customers", required=True),
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(
        PEOPLE,
        Input(INTERACTIONS, until_as_of()),
        Input(PRODUCTS, valid_at_as_of(), feeds=False),
        Input(CUSTOMER_SEGMENTS, same_day(), feeds=False),
    ),
    parameters=takes(
        "popularity", weights="interactions.weights", n="popular_products.n", min_group_size="privacy.min_group_size"
    ),
    may_be_empty="no product may have as many customers as a group needs",
)
