"""gold.value_models: the models of purchases and spend of one as_of, chosen and judged on days that they had not seen."""

from datetime import date

from pyspark.sql import DataFrame

from reclake.lake.schema import spark_schema
from reclake.tables import gold
from reclake.value.models import value_model_rows
from reclake.value.settings import ValueSettings


def value_models(
    purchases: DataFrame, *, as_of: date, value: ValueSettings, reporting_currency: str, min_group_size: int
) -> DataFrame:
    """One row per currency of customers' amounts, that of the reporting currency always.

    BG/NBD and MBG/NBD are fitted on all customers who may be profiled and have bought, Gamma–Gamma on those of one currency who
    bought again. Where data are degenerate nothing is fitted, and the row says why.
    """
    return value_model_rows(
        purchases,
        schema=spark_schema(gold.VALUE_MODELS),
        as_of=as_of,
        reporting_currency=reporting_currency,
        settings=value,
        min_group_size=min_group_size,
    )
