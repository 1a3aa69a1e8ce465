"""What each customer buys most."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, takes, until_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES

from ._common import AS_OF, CUSTOMER, SERIES

CUSTOMER_PRODUCTS = Table(
    name="gold.customer_products",
    grain="one row per as_of_date, customer who may be profiled and rank of a product that the customer bought",
    key=("as_of_date", "customer_id", "rank"),
    fields=(
        AS_OF,
        CUSTOMER,
        plain("rank", "integer", "1, 2, … without gaps: the product of the most orders first.", "rank", required=True),
        personal("product_id", "string", "The product; gold.products says what it is called.", required=True),
        personal("n_orders", "long", "Orders of the customer in the window that sold it.", "orders", required=True),
        personal("n_pieces", "long", "Pieces that were sold, returns not deducted.", "pieces", required=True),
        personal("last_order_date", "date", "The last day on which it was sold.", required=True),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(PEOPLE, Input(ORDER_LINES, until_as_of(window="segments.window_days"))),
    parameters=takes(n="customer_products.n"),
    may_be_empty="nobody may have consented yet, or bought a product",
)
