"""What a customer bought, scored, and the segment and tier that follow."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, takes, until_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES, SESSIONS

from ._common import AS_OF, CUSTOMER, RETENTION

CUSTOMER_SEGMENTS = Table(
    name="gold.customer_segments",
    grain="one row per as_of_date and customer who may be profiled",
    key=("as_of_date", "customer_id"),
    fields=(
        AS_OF,
        CUSTOMER,
        personal(
            "first_order_date",
            "date",
            "Day of the first order in the window, which is that of its first sale line; null without one.",
        ),
        personal(
            "last_order_date",
            "date",
            "Day of the last order in the window, which is that of its first sale line; null without one.",
        ),
        personal("recency_days", "integer", "as_of_date minus last_order_date.", "days"),
        personal(
            "n_orders",
            "long",
            "Orders with a line that sells a product or service; an order is what shares source, order_scope and order_id, "
            "whatever days, currencies and files its lines have.",
            "orders",
            required=True,
        ),
        personal(
            "spend_amount",
            "decimal(18,4)",
            "Sales in `currency`, with what their orders charge or take off beside goods (shipping, vouchers, …), returns not "
            "deducted; null where the sum is beyond what the column holds, and then scored all the same.",
            "currency",
        ),
        personal(
            "return_amount",
            "decimal(18,4)",
            "Returns in `currency`, negative unless more was taken back of vouchers than of goods; null as above.",
            "currency",
        ),
        plain(
            "currency",
            "string",
            "Of the amounts: the reporting currency, or the customer's own where no sale is in it. ISO 4217.",
            required=True,
        ),
        personal("recency_score", "integer", "1 (long ago) to 5 (just now), mid-rank quintile.", "score"),
        personal("frequency_score", "integer", "1 (fewest orders) to 5, mid-rank quintile.", "score"),
        personal("monetary_score", "integer", "1 (least spend) to 5, mid-rank quintile.", "score"),
        personal("rfm_cell", "string", "The three scores as digits, R F M."),
        personal("segment", "string", "Name of the RFM segment; no_orders without a sale.", required=True),
        personal("rfm_tier", "string", "The tier that the segment alone would give: scores of the past.", required=True),
        personal(
            "tier",
            "string",
            "new, returning, high_value, potential, churn_warning, dormant or prospect, by the rules of docs/segments.md: from how "
            "likely the customer is to be still one, and how often they are expected to buy.",
            required=True,
        ),
        personal(
            "p_alive",
            "double",
            "Probability that the customer has not stopped; null without an order, or where too little was bought to learn from.",
            "probability",
        ),
        personal(
            "expected_rate_per_day",
            "double",
            "Purchases that the customer is expected to make while still one; null as above.",
            "purchases a day",
        ),
        personal(
            "last_visit_date", "date", "Day of the last visit that bought nothing, none before the first order; null without one."
        ),
        personal(
            "tier_since",
            "date",
            "The first of the unbroken as_ofs up to this one that give the same tier, as the facts stand now; looked back for "
            "tiers.look_back_days at most. Null of prospects.",
        ),
        personal(
            "tier_reason",
            "string",
            "Why the customer stands in the tier, in figures of the last review, in English.",
            required=True,
        ),
        personal("tier_reason_zh", "string", "The same in Chinese.", required=True),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(
        PEOPLE,
        Input(ORDER_LINES, until_as_of(window="segments.window_days")),
        Input(SESSIONS, until_as_of(window="segments.window_days")),
    ),
    parameters=takes("tiers", reporting_currency="business.reporting_currency", words="business.tiers"),
    may_be_empty="nobody may have consented yet",
)
