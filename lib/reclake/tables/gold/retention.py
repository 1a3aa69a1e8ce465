"""How many customers of a cohort are active later, and what they spend."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ACCOUNTS, ORDER_LINES, SESSIONS

from ._common import ACTIVITY, AS_OF, LEFT_OUT, SERIES
from .customer_segments import CUSTOMER_SEGMENTS

RETENTION = Table(
    name="gold.retention",
    grain="one row per as_of_date, activity, period, kind of cohort, its first day, breakdown value, measure and cell, of cohorts of at "
    "least privacy.min_group_size customers who may be profiled",
    key=("as_of_date", "activity", "period", "cohort_kind", "start_date", "dimension", "value", "measure", "from_interval"),
    fields=(
        AS_OF,
        ACTIVITY,
        plain("period", "string", "What the intervals are: day, week or month.", required=True),
        plain(
            "cohort_kind",
            "string",
            "first: customers whose first activity of all lies in the cohort's interval; recurring: everybody active in it.",
            required=True,
        ),
        plain("start_date", "date", "First day of the cohort's interval; of a week the Monday.", required=True),
        plain("dimension", "string", "The breakdown: all, or one of breakdowns.retention.", required=True),
        plain(
            "value",
            "string",
            "Its value of the customers, as known at the as_of; all without a breakdown; unknown; other: values of fewer customers of "
            "the cohort than privacy.min_group_size, and the next larger one.",
            required=True,
        ),
        plain(
            "measure",
            "string",
            "bounded: active in exactly that interval after the cohort's; unbounded: in that or any later one; bracket: in one of "
            "several; stickiness: active on so many days of the cohort's own week or month.",
            required=True,
        ),
        plain(
            "from_interval",
            "integer",
            "Intervals after the cohort's, 0 for its own; of a bracket the first; of stickiness the number of days.",
            "intervals or days",
            required=True,
        ),
        plain("to_interval", "integer", "The last of them; null for unbounded, which has no last.", "intervals or days"),
        plain("is_open", "boolean", "Whether days of the cell are not past at the as_of: nobody is counted yet.", required=True),
        plain("n_customers", "long", "Customers of the cohort.", "customers", required=True),
        plain("n_active", "long", "Of these, those who were active in the cell; null where it is open.", "customers"),
        plain("active_share", "double", "n_active of n_customers; null where it is open.", "0–1"),
        plain(
            "revenue_amount",
            "decimal(18,4)",
            "What the cohort's customers spent in the interval, as in gold.sales; of bounded cells of orders and of no breakdown "
            "alone, null where it is open, and where more than none and fewer than privacy.min_group_size customers spent.",
            "currency",
        ),
        plain("revenue_ratio", "double", "revenue_amount over that of the cohort's own interval; null where either is.", "ratio"),
        plain("currency", "string", "The reporting currency; what was spent in others does not count here.", required=True),
        LEFT_OUT,
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(
        PEOPLE,
        Input(SESSIONS, until_as_of()),
        Input(ORDER_LINES, until_as_of()),
        Input(ACCOUNTS, valid_at_as_of()),
        Input(CUSTOMER_SEGMENTS, same_day(), feeds=False),
    ),
    parameters=takes(
        "cohorts",
        breakdowns="breakdowns.retention",
        reporting_currency="business.reporting_currency",
        min_group_size="privacy.min_group_size",
        timezone="business.timezone",
    ),
    may_be_empty="no cohort may have enough customers who consented",
)
