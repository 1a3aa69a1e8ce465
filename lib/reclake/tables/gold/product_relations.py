"""Which products go with, and follow, which."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import EVENTS, INTERACTIONS, ORDER_LINES, PRODUCTS

from ._common import AS_OF, SERIES

_WINDOW = "relations.window_days"

PRODUCT_RELATIONS = Table(
    name="gold.product_relations",
    grain="one row per as_of_date, relation, product and rank of a related product; customers who may be profiled count",
    key=("as_of_date", "relation", "product_id", "rank"),
    fields=(
        AS_OF,
        plain(
            "relation",
            "string",
            "seen_together: the same customers had to do with both; bought_together: in one order; seen_next: the next product that "
            "was looked at in the session; bought_next: in the customer's next order.",
            required=True,
        ),
        personal("product_id", "string", "The product.", required=True),
        plain(
            "rank",
            "integer",
            "1, 2, … without gaps: the greatest score first, ties by related_product_id.",
            "rank",
            required=True,
        ),
        personal("related_product_id", "string", "The product that goes with it, or follows it.", required=True),
        plain(
            "score",
            "double",
            "seen_together: cosine of the products' customers, each weighed by how few products they have, shrunk; the others: "
            "confidence less what chance alone gives, at the careful end of its interval. Comparable within a relation.",
            "0–1",
            required=True,
        ),
        plain(
            "n_together",
            "long",
            "Customers, orders, or steps from one view or order to the next that hold both.",
            "customers, orders or steps",
            required=True,
        ),
        plain("n_product", "long", "Of these, all that hold the product.", "as n_together", required=True),
        plain("n_related", "long", "Of these, all that hold the related one.", "as n_together", required=True),
        plain("confidence", "double", "n_together of n_product.", "0–1", required=True),
        plain(
            "lift",
            "double",
            "confidence over the share of all that hold the related one; above 1: more than chance.",
            "ratio",
            required=True,
        ),
        plain("is_same_category", "boolean", "Whether both are of one category at the as_of; null if one has none."),
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(
        PEOPLE,
        Input(INTERACTIONS, until_as_of(window=_WINDOW)),
        Input(EVENTS, until_as_of(window=_WINDOW)),
        Input(ORDER_LINES, until_as_of(window=_WINDOW)),
        Input(PRODUCTS, valid_at_as_of(), feeds=False),
    ),
    parameters=takes("relations", min_group_size="privacy.min_group_size", gap_minutes="sessions.gap_minutes"),
    may_be_empty="too few customers who may be profiled may have had to do with two products",
)
