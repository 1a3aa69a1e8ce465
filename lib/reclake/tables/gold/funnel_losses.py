"""Where those who were lost went, and which of them were lost more often than their mix explains."""

from reclake.tables.declaration import Table, plain
from reclake.tables.histories import FUNNEL_COUNTS
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION

FUNNEL_LOSSES = Table(
    name="gold.funnel_losses",
    grain="one row per as_of_date, funnel, step, dimension and value, of all entries of the window",
    key=("as_of_date", "funnel", "step", "dimension", "value"),
    fields=(
        AS_OF,
        plain("funnel", "string", "The funnel, a file of conf/funnels.", required=True),
        plain("step", "integer", "The last step that was taken; of mode any how many.", "step", required=True),
        plain("step_name", "string", "Its name.", required=True),
        plain(
            "dimension",
            "string",
            "next_event: what the customer did next, in the window. later: whether anything followed in another channel, in the "
            "window. Or a breakdown of the funnel.",
            required=True,
        ),
        plain(
            "value",
            "string",
            "Of next_event the kind of event in the same channel, left for nothing, or other_channel; of later other_channel or "
            "no_other_channel; else the value at entry. other joins values of fewer than privacy.min_group_size.",
            required=True,
        ),
        plain(
            "n_reached",
            "long",
            "Units whose windows are over and that reached the step, not excluded; null of next_event and later.",
            "units",
        ),
        plain(
            "n_lost",
            "long",
            "Units lost at the step: of a breakdown among n_reached, of next_event and later all of gold.funnels.",
            "units",
            required=True,
        ),
        plain(
            "lost_share", "double", "n_lost over n_reached, of next_event and later over all that were lost at the step.", "0–1"
        ),
        plain(
            "expected_lost",
            "double",
            "How many would be lost if each unit were lost as often as all that share its values of the funnel's other breakdowns; null "
            "of next_event and later.",
            "units",
        ),
        plain("excess_lost", "double", "n_lost less expected_lost: what the mix does not explain.", "units"),
        plain(
            "deviations",
            "double",
            "excess_lost in standard deviations of that expectation; beyond 3 or below -3 is hardly chance; null where nothing varies.",
            "standard deviations",
        ),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(FUNNEL_COUNTS,),
    catalogues=("funnels",),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="nobody may have been lost, or fewer people than a group needs",
)
