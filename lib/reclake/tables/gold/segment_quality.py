"""What came after a tier: whether the word was kept."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, days, takes, until_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES

from ._common import AS_OF, RETENTION
from .customer_segments import CUSTOMER_SEGMENTS

QUALITY_DAYS = 30
_INTERVAL = "of its 95 % interval"

SEGMENT_QUALITY = Table(
    name="gold.segment_quality",
    grain="one row per as_of_date and tier 30 days before of at least privacy.min_group_size customers who are still known",
    key=("as_of_date", "tier_before"),
    fields=(
        AS_OF,
        plain("before_as_of_date", "date", f"The as_of of the tier: {QUALITY_DAYS} days before as_of_date.", required=True),
        plain("tier_before", "string", "The tier that customers stood in then.", required=True),
        plain(
            "n_customers",
            "long",
            "Customers of the tier who are still known at as_of_date, rounded down to whole privacy.min_group_size.",
            "customers",
            required=True,
        ),
        plain(
            "coverage_share",
            "double",
            "Customers still known at as_of_date, of those of the tier; as all shares to whole percents.",
            "share",
            required=True,
        ),
        plain("bought_share", "double", "Of them, who bought in the days since.", "share", required=True),
        plain("bought_lower_share", "double", f"Lower end {_INTERVAL} (Wilson).", "share", required=True),
        plain("bought_upper_share", "double", f"Upper end {_INTERVAL} (Wilson).", "share", required=True),
        plain("stayed_share", "double", "Of them, who stand in the same tier now.", "share", required=True),
        plain("stayed_lower_share", "double", f"Lower end {_INTERVAL} (Wilson).", "share", required=True),
        plain("stayed_upper_share", "double", f"Upper end {_INTERVAL} (Wilson).", "share", required=True),
        plain("currency", "string", "The reporting currency; sales in others are not in the spend.", required=True),
        plain(
            "mean_spend_amount",
            "decimal(18,4)",
            "Mean spend of a customer in the days since, returns not deducted; null where fewer than privacy.min_group_size bought, "
            "but some, and where a sum is beyond what can be held.",
            "currency",
        ),
        plain("lower_spend_amount", "decimal(18,4)", f"Lower end {_INTERVAL} (normal); not below 0.", "currency"),
        plain("upper_spend_amount", "decimal(18,4)", f"Upper end {_INTERVAL} (normal).", "currency"),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PEOPLE, Input(CUSTOMER_SEGMENTS, days(before=QUALITY_DAYS)), Input(ORDER_LINES, until_as_of(QUALITY_DAYS))),
    parameters=takes(min_group_size="privacy.min_group_size", reporting_currency="business.reporting_currency"),
    may_be_empty=f"no as_of of {QUALITY_DAYS} days before may have been built, or its tiers may be smaller than a group",
)
