"""How many go on from step to step, and how many are lost."""

from reclake.tables.declaration import Field, Table, plain
from reclake.tables.histories import FUNNEL_COUNTS
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION


def _seconds(since: str, told: str) -> tuple[Field, ...]:
    """Mean and quantiles of a time, in seconds."""
    few = (
        "null where fewer customers than privacy.min_group_size took the step, and of single values of a breakdown but for window"
    )
    mean = plain(f"{since}_seconds_mean", "double", f"Mean time {told}; {few}.", "seconds")
    quantiles = {"p25": "First quartile", "median": "Median", "p75": "Third quartile", "p90": "Ninth decile"}
    return (
        mean,
        *(
            plain(f"{since}_seconds_{name}", "double", f"{told_as} of the same, of whole seconds.", "seconds")
            for name, told_as in quantiles.items()
        ),
    )


FUNNELS = Table(
    name="gold.funnels",
    grain="one row per as_of_date, funnel, period of entries, breakdown value and step",
    key=("as_of_date", "funnel", "period", "entry_date", "dimension", "value", "step"),
    fields=(
        AS_OF,
        plain("funnel", "string", "The funnel, a file of conf/funnels.", required=True),
        plain(
            "period",
            "string",
            "What entries are told together: day, week (from Monday), or window: all days of histories.window_days.",
            required=True,
        ),
        plain(
            "entry_date",
            "date",
            "First day of the period, business days; of a session that of its start. Where all history counts, window begins on "
            "1990-01-01.",
            required=True,
        ),
        plain("dimension", "string", "The breakdown: all, or one that the funnel declares.", required=True),
        plain(
            "value",
            "string",
            "Its value at the entry of the chain that decides; all without a breakdown; unknown; other: values of fewer customers "
            "than privacy.min_group_size, and the next larger one.",
            required=True,
        ),
        plain("step", "integer", "1, 2, … in the order of the funnel; of mode any how many of the steps.", "step", required=True),
        plain("step_name", "string", "The step's name; of mode any how many of how many.", required=True),
        plain(
            "n_entered",
            "long",
            "Units with a first step in the period; of mode any with any step. It is converted + lost + open + excluded, which are "
            "n_reached of the last step and the sums of n_lost, n_open and n_excluded over the steps.",
            "units",
            required=True,
        ),
        plain(
            "n_customers",
            "long",
            "Distinct customers among them; of value other the sum over the values that it joins.",
            "customers",
            required=True,
        ),
        plain("n_reached", "long", "Units that reached the step and were not excluded.", "units", required=True),
        plain("n_lost", "long", "Of these, units that went no further, and whose window is over.", "units", required=True),
        plain(
            "n_open",
            "long",
            "Of these, units that went no further yet: a window is still open at the as_of.",
            "units",
            required=True,
        ),
        plain(
            "n_excluded",
            "long",
            "Units that went this far and were dropped by an exclusion step; not in n_reached.",
            "units",
            required=True,
        ),
        plain("n_lost_customers", "long", "Distinct customers behind n_lost.", "customers", required=True),
        plain("n_mature", "long", "Units of n_entered whose windows are all over.", "units", required=True),
        plain("n_mature_reached", "long", "Of these, units that reached the step and were not excluded.", "units", required=True),
        plain(
            "step_share",
            "double",
            "n_reached over that of the step before; 1 of the first; null where nobody reached that one.",
            "0–1",
        ),
        plain("overall_share", "double", "n_reached over n_entered.", "0–1", required=True),
        plain("mature_share", "double", "n_mature_reached over n_mature; null while no window is over.", "0–1"),
        *_seconds("step", "from the step before"),
        *_seconds("total", "from the first step"),
        plain(
            "is_final",
            "boolean",
            "Whether all days of the period are told and every window of its entries is over: only late data changes the row then.",
            required=True,
        ),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(FUNNEL_COUNTS,),
    catalogues=("funnels",),
    parameters=takes(min_group_size="privacy.min_group_size", window_days="histories.window_days"),
    may_be_empty="nobody may have entered a funnel, or fewer people than a group needs",
)
