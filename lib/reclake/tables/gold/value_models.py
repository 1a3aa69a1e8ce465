"""What customer value is forecast by, and how good it was."""

from reclake.tables.declaration import Field, Table, plain
from reclake.tables.inputs import takes
from reclake.tables.purchases import PURCHASES

from ._common import AS_OF, RETENTION

_LOG = "log density, by days"
_CALIBRATION = "The same, fitted on the days before split_date alone; null where that was not possible."


_UNITS = {"alpha": "days", "spend_v": "currency"}


def _calibration(name: str) -> Field:
    return plain(f"calibration_{name}", "double", _CALIBRATION, _UNITS.get(name, "shape"))


VALUE_MODELS = Table(
    name="gold.value_models",
    grain="one row per as_of_date and currency of customers' amounts; what is no matter of spend is the same in all of them",
    key=("as_of_date", "currency"),
    fields=(
        AS_OF,
        plain("currency", "string", "Of the amounts; the reporting currency has a row always. ISO 4217.", required=True),
        plain("split_date", "date", "The first held-out day; null without one."),
        plain("model", "string", "The model of purchases: bg_nbd, mbg_nbd, or none.", required=True),
        plain(
            "chosen_by",
            "string",
            "held_out: the greater likelihood of the held-out days; likelihood: of all days, where the days before the split "
            "do not judge both; only: one of the two cannot be fitted; none.",
            required=True,
        ),
        plain("reason", "string", "Why there is no model of purchases; null where there is one."),
        plain("remark", "string", "What must be known of the model: by these purchases nobody stops. Null without one."),
        plain(
            "n_customers",
            "long",
            "Customers with a purchase, rounded down to whole privacy.min_group_size; null below.",
            "customers",
        ),
        plain("n_repeaters", "long", "Of these, with purchases on two days or more; rounded alike.", "customers"),
        plain("n_held_out_customers", "long", "Of these, with a purchase before split_date; rounded alike.", "customers"),
        plain("r", "double", "Shape of the rate of purchases over customers.", "shape"),
        plain("alpha", "double", "Scale of it: the mean rate is r / alpha days of purchase a day.", "days"),
        plain("a", "double", "Beta(a, b) is the chance to stop after a purchase.", "shape"),
        plain("b", "double", "See a.", "shape"),
        plain("bg_nbd_log_likelihood", "double", "Of all days, by BG/NBD.", _LOG),
        plain("mbg_nbd_log_likelihood", "double", "Of all days, by MBG/NBD.", _LOG),
        plain(
            "bg_nbd_held_out_log_likelihood",
            "double",
            "Of the held-out purchases, given those before split_date, by BG/NBD fitted on the latter.",
            _LOG,
        ),
        plain("mbg_nbd_held_out_log_likelihood", "double", "The same by MBG/NBD.", _LOG),
        plain("bg_nbd_reason", "string", "Why BG/NBD could not be fitted on all days, or those before split_date; else null."),
        plain("mbg_nbd_reason", "string", "The same of MBG/NBD."),
        plain("spend_p", "double", "Gamma–Gamma: shape of one purchase's amount.", "shape"),
        plain("spend_q", "double", "Gamma–Gamma: shape of customers' rates of amounts.", "shape"),
        plain("spend_v", "double", "Gamma–Gamma: scale of customers' rates of amounts.", "currency"),
        plain("spend_log_likelihood", "double", "Of the mean repeat purchases.", "log density, by currency"),
        plain("spend_reason", "string", "Why there is no model of spend; null where there is one."),
        plain("n_spenders", "long", "Customers with repeat purchases of a positive sum; rounded as n_customers.", "customers"),
        plain(
            "spend_frequency_correlation",
            "double",
            "Pearson's, of repeats and mean repeat amount over these; the model of spend takes them as independent.",
            "−1 to 1",
        ),
        *(_calibration(name) for name in ("r", "alpha", "a", "b", "spend_p", "spend_q", "spend_v")),
        plain(
            "purchases_gini",
            "double",
            "Normalised Gini of the held-out purchases, customers in order of the forecast: 1 is the order of what came, 0 none.",
            "up to 1",
        ),
        plain("value_gini", "double", "The same of the held-out spend of customers of the currency.", "up to 1"),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PURCHASES,),
    parameters=takes(
        value="customer_value", reporting_currency="business.reporting_currency", min_group_size="privacy.min_group_size"
    ),
)
