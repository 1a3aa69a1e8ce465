"""What was sold and came back, by day, week and month."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES, PRODUCTS

from ._common import AS_OF, SERIES

SALES = Table(
    name="gold.sales",
    grain="one row per as_of_date, period, its first day, currency, channel, category and customer_kind of at least "
    "privacy.min_group_size people; everybody counts",
    key=("as_of_date", "period", "start_date", "currency", "channel", "category", "customer_kind"),
    fields=(
        AS_OF,
        plain(
            "period", "string", "day, week or month; rows of one period are not to be added to those of another.", required=True
        ),
        plain("start_date", "date", "Its first day; of a week the Monday.", required=True),
        plain("is_open", "boolean", "Whether the period was still going on at the as_of.", required=True),
        plain("currency", "string", "Of the amounts, ISO 4217; currencies are never added.", required=True),
        plain(
            "channel",
            "string",
            "Channel of the order; (others): the values that fewer than privacy.min_group_size people have each, joined; (none).",
            required=True,
        ),
        plain(
            "category",
            "string",
            "(all): the row counts whole orders. Else the category of the products at the as_of; (none): money of the order, "
            "services, and products without a category; (others): joined as above. Rows of (all) are not to be added to the others.",
            required=True,
        ),
        plain(
            "customer_kind",
            "string",
            "new: up to and on the day of the customer's first order; returning: after it; not_profiled: guests, and who may not "
            "be profiled; (others): joined as above.",
            required=True,
        ),
        plain(
            "n_orders",
            "long",
            "Orders with a sale, on the day of their first sale line; one of two categories counts in both, and once in (all).",
            "orders",
            required=True,
        ),
        plain("n_lines", "long", "Lines that sell a product or service.", "lines", required=True),
        plain(
            "revenue_amount",
            "decimal(18,4)",
            "Sales, with what their orders charge or take off beside goods, returns not deducted; null where the column cannot "
            "hold the sum.",
            "currency",
        ),
        plain("n_returns", "long", "Lines that came back, on their own day.", "lines", required=True),
        plain("return_amount", "decimal(18,4)", "What they take back, negative; null as above.", "currency"),
        plain(
            "n_customers",
            "long",
            "Customers with an order in the row, guests left out; one customer may be in several rows.",
            "customers",
            required=True,
        ),
        plain("n_guest_orders", "long", "Orders of guests, who have no account.", "orders", required=True),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(PEOPLE, Input(ORDER_LINES, until_as_of()), Input(PRODUCTS, valid_at_as_of(), feeds=False)),
    parameters=takes(shown_days="sales.shown_days", min_group_size="privacy.min_group_size"),
    may_be_empty="fewer people than a group needs may have bought",
)
