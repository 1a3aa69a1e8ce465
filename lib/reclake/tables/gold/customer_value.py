"""What each customer will buy in the next twelve months, and what that is worth today."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes
from reclake.tables.purchases import PURCHASES

from ._common import AS_OF, CUSTOMER, RETENTION
from .value_models import VALUE_MODELS

_WORTH = (
    "of the purchases of the next customer_value.horizon_periods periods of customer_value.period_days days (12 months), each discounted by "
    "customer_value.discount_per_period per period"
)

CUSTOMER_VALUE = Table(
    name="gold.customer_value",
    grain="one row per as_of_date and customer who may be profiled and has bought",
    key=("as_of_date", "customer_id"),
    fields=(
        AS_OF,
        CUSTOMER,
        plain("currency", "string", "Of the amounts, as in gold.customer_segments. ISO 4217.", required=True),
        plain("model", "string", "The model of purchases: bg_nbd, mbg_nbd, or none.", required=True),
        personal("first_purchase_date", "date", "First day with a sale.", required=True),
        personal("last_purchase_date", "date", "Last day with a sale.", required=True),
        personal("n_repeats", "long", "Days with a sale after the first one.", "days", required=True),
        personal(
            "repeat_mean_amount",
            "decimal(18,4)",
            "Mean of the repeat days with a sale in `currency`; null without one.",
            "currency",
        ),
        personal("p_alive", "double", "Chance that the customer has not stopped buying; null without a model.", "0–1"),
        personal("expected_purchases", "double", "Days with a sale in the next 12 months; null without a model.", "days"),
        personal(
            "value_amount", "decimal(18,4)", f"Expected worth today {_WORTH}; null where no_value_because says why.", "currency"
        ),
        personal(
            "value_lower_amount",
            "decimal(18,4)",
            "Lower end of the interval that holds customer_value.interval_share of what this customer may spend (predictive, discounted "
            "alike); often 0, as many may not come back.",
            "currency",
        ),
        personal("value_upper_amount", "decimal(18,4)", "Upper end of it.", "currency"),
        personal("no_value_because", "string", "Why there is no value_amount; null where there is one."),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PURCHASES, Input(VALUE_MODELS, same_day())),
    parameters=takes(value="customer_value", reporting_currency="business.reporting_currency"),
    may_be_empty="nobody may have bought yet, or consented",
)
