"""How many customers are new, active and gone, and how they move."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, takes, until_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import ORDER_LINES, SESSIONS

from ._common import ACTIVITY, AS_OF, LEFT_OUT, SERIES

LIFECYCLE = Table(
    name="gold.lifecycle",
    grain="one row per as_of_date, activity, state_kind, period, its first day, state and the state before, of customers who may be "
    "profiled",
    key=("as_of_date", "activity", "state_kind", "period", "start_date", "from_state", "state"),
    fields=(
        AS_OF,
        ACTIVITY,
        plain("state_kind", "string", "interval: states of a day, week or month; daily: states from day to day.", required=True),
        plain("period", "string", "day, week or month; of daily states always day.", required=True),
        plain("start_date", "date", "Its first day; of a week the Monday.", required=True),
        plain("is_open", "boolean", "Whether the period was not past at the as_of: nobody is counted yet.", required=True),
        plain(
            "from_state",
            "string",
            "Of daily states: the state on the day before; (none) before the first activity. Null of states of an interval.",
        ),
        plain(
            "state",
            "string",
            "interval: new, first active ever; returning, active in the period before too; resurrecting, active and neither; "
            "dormant, active in the period before alone. daily: new, current (up to 7 days after the last active day), reactivated "
            "(up to 30) or resurrected where active, else at_risk_wau (up to 7), at_risk_mau (up to 30) or dormant.",
            required=True,
        ),
        plain(
            "n_customers",
            "long",
            "Customers who are in the state, of daily states those who came from from_state; null where it is open.",
            "customers",
        ),
        LEFT_OUT,
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=SERIES,
    inputs=(PEOPLE, Input(SESSIONS, until_as_of()), Input(ORDER_LINES, until_as_of())),
    parameters=takes("cohorts", min_group_size="privacy.min_group_size"),
    may_be_empty="fewer people than a group needs may be known, or have consented",
)
