"""What customers did by month and pairs of dimensions, with distinct customers that can be counted over months."""

from reclake.tables.declaration import Field, Privacy, Table, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of, whole
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ACCOUNTS, CUSTOMER_NUMBERS, EVENTS, ORDER_LINES, PRODUCTS

from ._common import AS_OF, SERIES
from .customer_segments import CUSTOMER_SEGMENTS

BEHAVIOUR_CUBE = Table(
    name="gold.behaviour_cube",
    grain="one row per as_of_date, month, pair of dimensions that conf/cubes declares and pair of their values, of at least "
    "privacy.min_group_size customers who may be profiled",
    key=("as_of_date", "month_date", "dimension_a", "value_a", "dimension_b", "value_b"),
    fields=(
        AS_OF,
        plain("month_date", "date", "The first day of the month.", required=True),
        plain("is_open", "boolean", "Whether the month was still going on at the as_of.", required=True),
        plain("dimension_a", "string", "The dimension of the pair that comes first by name.", required=True),
        plain(
            "value_a",
            "string",
            "Its value; (none): not known, or it does not apply; (others), in both values: cells of fewer than "
            "privacy.min_group_size customers, joined. Rows of one pair are not to be added to those of another.",
            required=True,
        ),
        plain("dimension_b", "string", "The other dimension.", required=True),
        plain("value_b", "string", "Its value; as above.", required=True),
        plain("n_events", "long", "Events with both values, machines left out; order lines are none.", "events", required=True),
        plain(
            "n_sessions",
            "long",
            "Sessions with such an event: visits of a customer on a device. A session that has events in several cells counts in "
            "each; in (others) it counts once for each cell that was joined.",
            "sessions",
            required=True,
        ),
        Field(
            "n_orders",
            "long",
            "Orders with a sale line of both values, in the month of their first sale line; in several cells as a session is.",
            "orders",
            privacy=Privacy.NONE,
            required=True,
            falls_because="orders of at least privacy.min_group_size customers together say nothing of one of them",
        ),
        plain("n_buyers", "long", "Distinct customers with such an order.", "customers", required=True),
        plain(
            "revenue_amount",
            "decimal(18,4)",
            "Sales in the reporting currency, with what their orders charge or take off beside goods, returns not deducted; null "
            "of fewer buyers, or customers with an amount, than privacy.min_group_size, and where the column cannot hold the sum.",
            "currency",
        ),
        plain("currency", "string", "The reporting currency, ISO 4217.", required=True),
        plain("n_customers", "long", "Distinct customers with an event or an order in the row.", "customers", required=True),
        Field(
            "customer_bitmap",
            "binary",
            "Who they are, as a Roaring bitmap of customer_number: several rows joined by OR count each customer once. Left out "
            "of BI views and exports.",
            privacy=Privacy.PERSONAL,
            required=True,
        ),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(
        PEOPLE,
        Input(EVENTS, until_as_of(window="cube.shown_days")),
        Input(ORDER_LINES, until_as_of()),
        Input(CUSTOMER_SEGMENTS, same_day(), feeds=False),
        Input(ACCOUNTS, valid_at_as_of()),
        Input(PRODUCTS, valid_at_as_of(), feeds=False),
        Input(CUSTOMER_NUMBERS, whole(), feeds=False),
    ),
    catalogues=("cubes",),
    parameters=takes(
        gap_minutes="sessions.gap_minutes",
        timezone="business.timezone",
        reporting_currency="business.reporting_currency",
        shown_days="cube.shown_days",
        min_group_size="privacy.min_group_size",
    ),
    may_be_empty="nobody may have consented yet, or fewer customers than a group needs may have done anything",
    # Which numbers customers have depends on what came first: that is no content to be compared.
    run_columns=("customer_bitmap",),
)
