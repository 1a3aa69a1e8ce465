"""What the scores of one as_of mean, of groups of people."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, same_day, takes

from ._common import AS_OF, RETENTION
from .customer_segments import CUSTOMER_SEGMENTS

SEGMENT_BINS = Table(
    name="gold.segment_bins",
    grain="one row per as_of_date, measure, unit and lowest score of a group of at least privacy.min_group_size customers",
    key=("as_of_date", "measure", "unit", "score"),
    fields=(
        AS_OF,
        plain("measure", "string", "recency, frequency or monetary.", required=True),
        plain(
            "unit",
            "string",
            "days, orders, or the currency as ISO 4217; customers are scored within one currency.",
            required=True,
        ),
        plain("score", "integer", "Lowest score of the group, 1 to 5.", "score", required=True),
        plain(
            "upper_score",
            "integer",
            "Highest score of the group: the same, unless scores that too few customers have were joined.",
            "score",
            required=True,
        ),
        plain(
            "lower_edge",
            "decimal(18,4)",
            "Smallest value in the group, rounded to two significant digits; null where no group lies below: it is open.",
            "days, orders or currency",
        ),
        plain(
            "upper_edge",
            "decimal(18,4)",
            "Largest value in the group, rounded to two significant digits; null where no group lies above: it is open.",
            "days, orders or currency",
        ),
        plain(
            "n_customers",
            "long",
            "Customers in the group, rounded down to whole privacy.min_group_size; of monetary those whose spend_amount is held.",
            "customers",
            required=True,
        ),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(Input(CUSTOMER_SEGMENTS, same_day()),),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="nobody may have bought yet, or fewer people than a group needs",
)
