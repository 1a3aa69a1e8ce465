"""What every customer is shown in a scenario."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from reclake.tables.own_products import OWN_PRODUCTS
from reclake.tables.people import PEOPLE
from reclake.tables.silver import IMPRESSIONS, INTERACTIONS, PRODUCTS, STOCK

from ._common import AS_OF, CUSTOMER, RETENTION
from ._shown import MODEL_VERSION, REASONS, SCENARIO, STATUS, STRATEGY, stated_words
from .contact_list import CONTACT_LIST
from .customer_segments import CUSTOMER_SEGMENTS
from .due_again import DUE_AGAIN
from .popular_products import POPULAR_PRODUCTS
from .product_relations import PRODUCT_RELATIONS

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="one row per as_of_date, scenario, rank and customer; a device that nobody logged in on is one once it touched a product",
    key=("as_of_date", "scenario", "customer_id", "rank"),
    fields=(
        AS_OF,
        *stated_words(SCENARIO),
        CUSTOMER,
        plain("rank", "integer", "1, 2, … without gaps.", "rank", required=True),
        personal("product_id", "string", "The product.", required=True),
        personal("score", "double", "The link's own score; comparable within one customer and source only.", required=True),
        plain(
            "source",
            "string",
            "As strategy, but popular for each popular_in_…, and non_personal for those to whom nothing personal may be shown. "
            "It leaves with the next release: strategy and position say more.",
            required=True,
        ),
        personal(
            "because_product_id",
            "string",
            "The customer's own product that speaks most for it in its link, whatever people make of it; null if none does. It "
            "leaves with the next release: evidence_product_id is a reason for people.",
        ),
        *stated_words(MODEL_VERSION, *STRATEGY, *REASONS),
        *STATUS,
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(
        PEOPLE,
        OWN_PRODUCTS,
        Input(INTERACTIONS, until_as_of()),
        Input(PRODUCTS, valid_at_as_of()),
        Input(STOCK, valid_at_as_of(), feeds=False),
        Input(IMPRESSIONS, until_as_of(30), feeds=False),
        *(
            Input(table, same_day(), feeds=False)
            for table in (PRODUCT_RELATIONS, POPULAR_PRODUCTS, DUE_AGAIN, CUSTOMER_SEGMENTS, CONTACT_LIST)
        ),
    ),
    catalogues=("scenarios",),
    parameters=takes("popularity", limits="recommendations", weights="interactions.weights", timezone="business.timezone"),
    may_be_empty="nobody may be known yet, nothing on sale, or everything known to everybody; no scenario may fill its lists",
    is_restated=False,
)
