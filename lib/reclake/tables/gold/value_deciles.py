"""Whether what was forecast came: customers in tenths by forecast, on days that the models had not seen."""

from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import Input, same_day, takes
from reclake.tables.purchases import PURCHASES

from ._common import AS_OF, RETENTION
from .value_models import VALUE_MODELS

VALUE_DECILES = Table(
    name="gold.value_deciles",
    grain="one row per as_of_date, measure, unit and tenth of at least privacy.min_group_size customers who had bought by the split",
    key=("as_of_date", "measure", "unit", "decile"),
    fields=(
        AS_OF,
        plain("measure", "string", "purchases, or value: their spend.", required=True),
        plain("unit", "string", "purchases, or the currency as ISO 4217: of customers of that currency.", required=True),
        plain(
            "decile",
            "integer",
            "1, the lowest forecasts, to 10, by mid-rank: customers of one forecast share a decile, so one may be large, and another missing.",
            "tenth",
            required=True,
        ),
        plain("split_date", "date", "The first held-out day: forecasts know nothing from then on.", required=True),
        plain("n_customers", "long", "Customers, rounded down to whole privacy.min_group_size.", "customers", required=True),
        plain(
            "expected", "double", "Mean of what was forecast for the days from split_date to the as_of.", "as unit", required=True
        ),
        plain("actual", "double", "Mean of what came.", "as unit", required=True),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PURCHASES, Input(VALUE_MODELS, same_day())),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="there may be too few days, or people, to hold some out",
)
