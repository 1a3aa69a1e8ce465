"""Why a customer stands on a list, in one sentence each of English and Chinese."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from .value_at_risk import FITTED

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "fitted": "At risk are %s %s of the next 12 months: the customer is lost with a probability of %d %%.",
        "spent": "At risk is the spend so far, %s %s: the customer is lost with a probability of %d %%.",
        "unknown": "The spend so far is %s %s; how probably the customer is lost is not known.",
        "beyond": "The spend so far is more than its column holds.",
        "nothing": "Nothing was bought yet.",
    },
    "zh": {
        "fitted": "未来12个月有 %s %s 面临流失：流失概率为 %d%%。",
        "spent": "迄今消费 %s %s 面临流失：流失概率为 %d%%。",
        "unknown": "迄今消费 %s %s；流失概率未知。",
        "beyond": "迄今消费超出字段可容纳的范围。",
        "nothing": "尚未购买。",
    },
}


def reason(language: str, tier_reason: Column) -> Column:
    """Why the customer has their tier, as the segments say, and what is at risk.

    Reads n_orders, value_basis, value_at_risk_amount, lost_share, spend_amount and currency.

    Parameters
    ----------
    language
        en or zh.
    tier_reason
        What the segments say in this language; null for nothing.
    """
    texts = _TEXTS[language]
    percent = F.round(F.col("lost_share") * 100).cast("int")
    at_risk, spent = (F.format_number(column, 2) for column in ("value_at_risk_amount", "spend_amount"))
    sentence = (
        F
        .when(F.col("value_basis") == FITTED, F.format_string(texts["fitted"], at_risk, F.col("currency"), percent))
        .when(F.col("n_orders") == 0, F.lit(texts["nothing"]))
        .when(F.col("spend_amount").isNull(), F.lit(texts["beyond"]))
        .when(percent.isNull(), F.format_string(texts["unknown"], spent, F.col("currency")))
        .otherwise(F.format_string(texts["spent"], spent, F.col("currency"), percent))
    )
    return F.concat_ws(" " if language == "en" else "", tier_reason, sentence)
