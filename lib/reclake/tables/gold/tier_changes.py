"""Who went from which tier to which since the as_of before."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, previous_as_of, same_day, takes

from ._common import AS_OF, RETENTION
from .customer_segments import CUSTOMER_SEGMENTS

TIER_CHANGES = Table(
    name="gold.tier_changes",
    grain="one row per as_of_date, direction, and tiers before and now, of at least privacy.min_group_size customers",
    key=("as_of_date", "direction", "from_tier", "to_tier"),
    fields=(
        AS_OF,
        plain(
            "previous_as_of_date",
            "date",
            "The as_of that it is compared with: the last one before that was built. Null for the first, where all are entries.",
        ),
        plain(
            "direction",
            "string",
            "upgrade, downgrade, stay, entry (no customer at the as_of before), exit (none any more), or several.",
            required=True,
        ),
        plain("from_tier", "string", "The tier before; none of an entry, several where small flows are one row.", required=True),
        plain("to_tier", "string", "The tier now; none of an exit, several where small flows are one row.", required=True),
        plain(
            "n_customers",
            "long",
            "Customers. The rows of an as_of add up to all who are customers now or were before: without exits to those of now, "
            "without entries to those of before, unless small entries or exits stand under several.",
            "customers",
            required=True,
        ),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(Input(CUSTOMER_SEGMENTS, same_day()), Input(CUSTOMER_SEGMENTS, previous_as_of())),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="fewer people than a group needs may be known",
)
