"""What each customer has probably used up."""

from reclake.tables.declaration import Table, personal
from reclake.tables.inputs import Input, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES, PRODUCTS

from ._common import AS_OF, CUSTOMER, RETENTION

DUE_AGAIN = Table(
    name="gold.due_again",
    grain="one row per as_of_date, customer who may be profiled and product that they bought, of a category that is bought again",
    key=("as_of_date", "customer_id", "product_id"),
    fields=(
        AS_OF,
        CUSTOMER,
        personal("product_id", "string", "The product.", required=True),
        personal("category", "string", "Its category at the as_of.", required=True),
        personal("last_bought_on", "date", "Day on which the customer last bought it.", required=True),
        personal(
            "usual_gap_days",
            "double",
            "Days after which it is bought again: of the category, drawn to the customer's own gaps in it the more there are.",
            "days",
            required=True,
        ),
        personal("category_gap_days", "double", "The same of the category alone.", "days", required=True),
        personal("elapsed_days", "long", "Days from last_bought_on to the as_of.", "days", required=True),
        personal("due_ratio", "double", "elapsed_days over usual_gap_days.", "ratio", required=True),
        personal(
            "hazard",
            "double",
            "Share of orders, placed as long after a purchase in the category, in which the product was bought again.",
            "0–1",
            required=True,
        ),
        personal("score", "double", "By which what is due is ordered: the hazard.", "0–1", required=True),
        personal("n_bought", "long", "Days on which the customer bought it.", "days", required=True),
        personal(
            "is_due",
            "boolean",
            "Whether due_ratio lies between due_again.least_ratio and due_again.greatest_ratio.",
            required=True,
        ),
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(
        PEOPLE,
        Input(ORDER_LINES, until_as_of(window="due_again.window_days")),
        Input(PRODUCTS, valid_at_as_of(), feeds=False),
    ),
    parameters=takes("due_again", min_group_size="privacy.min_group_size"),
    may_be_empty="no category may have been bought again often enough, by enough customers, to know its cycle",
)
