"""Through which channel customers came, and how many of them bought again."""

from reclake.tables.declaration import Field, Table, plain
from reclake.tables.inputs import Input, takes, until_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES

from ._common import AS_OF, SERIES


def _within(days: int) -> tuple[Field, ...]:
    return (
        plain(
            f"n_repeat_{days}",
            "long",
            f"Customers who ordered again on a later day, at most {days} days after the first; so far.",
            "customers",
            required=True,
        ),
        plain(
            f"n_open_{days}",
            "long",
            f"Customers who have not, and whose {days} days are not all past at the as_of.",
            "customers",
            required=True,
        ),
        plain(f"n_mature_{days}", "long", f"Customers whose {days} days are all past.", "customers", required=True),
        plain(
            f"repeat_{days}_share",
            "double",
            f"Of the customers whose {days} days are past, the share who ordered again; null if there is none.",
            "0–1",
        ),
    )


FIRST_ORDERS = Table(
    name="gold.first_orders",
    grain="one row per as_of_date, month and channel of the first order of at least privacy.min_group_size customers who may be "
    "profiled",
    key=("as_of_date", "month_date", "channel"),
    fields=(
        AS_OF,
        plain("month_date", "date", "First day of the month of the first order.", required=True),
        plain(
            "channel",
            "string",
            "Channel of the first order; (others): channels of fewer than privacy.min_group_size customers each, joined; (none).",
            required=True,
        ),
        plain("n_customers", "long", "Customers whose first order it was.", "customers", required=True),
        *(field for days in (30, 60, 90) for field in _within(days)),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(PEOPLE, Input(ORDER_LINES, until_as_of())),
    parameters=takes(shown_days="sales.shown_days", min_group_size="privacy.min_group_size"),
    may_be_empty="fewer people than a group needs may have bought, or consented",
)
