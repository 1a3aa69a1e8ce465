"""Why a customer stands on a list: why they have their tier, and what is at risk, in English and Chinese."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from .value_at_risk import FITTED

_PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "fitted": "at risk are %s %s of the next 12 months, as the customer is lost with a probability of %s %%",
        "spent": "at risk are %s %s of the spend so far, as the customer is lost with a probability of %s %%",
        "unknown": "spent so far are %s %s, and how probably the customer is lost is not known",
        "beyond": "the spend so far is more than its column holds",
        "nothing": "nothing bought yet",
        "percent": "%s",
        "least": "less than 1",
        "most": "more than 99",
        "separator": "; ",
    },
    "zh": {
        "fitted": "未来 12 个月有 %s %s 面临流失，流失概率%s %%",
        "spent": "迄今消费中有 %s %s 面临流失，流失概率%s %%",
        "unknown": "迄今消费 %s %s，流失概率未知",
        "beyond": "迄今消费超出字段可容纳的范围",
        "nothing": "尚未购买",
        "percent": "为 %s",
        "least": "不到 1",
        "most": "超过 99",
        "separator": "；",
    },
}


def reason(language: str, tier_reason: Column) -> Column:
    """What the segments say of the tier, and what is at risk.

    Reads n_orders, value_basis, value_at_risk_amount, lost_share, spend_amount and currency.

    Parameters
    ----------
    language
        en or zh.
    tier_reason
        What the segments say in this language; null for nothing.
    """
    phrases = _PHRASES[language]
    percent = _percent(F.col("lost_share"), phrases)
    at_risk, spent = (F.format_number(column, 2) for column in ("value_at_risk_amount", "spend_amount"))
    nothing = F.when(tier_reason.isNull(), phrases["nothing"])  # else the tier's reason says so
    phrase = (
        F
        .when(F.col("value_basis") == FITTED, F.format_string(phrases["fitted"], at_risk, F.col("currency"), percent))
        .when(F.col("n_orders") == 0, nothing)
        .when(F.col("spend_amount").isNull(), phrases["beyond"])
        .when(percent.isNull(), F.format_string(phrases["unknown"], spent, F.col("currency")))
        .otherwise(F.format_string(phrases["spent"], at_risk, F.col("currency"), percent))
    )
    return F.concat_ws(phrases["separator"], tier_reason, phrase)  # leaves nulls out


def _percent(share: Column, phrases: Mapping[str, str]) -> Column:
    """Whole percents; neither 0 nor 100, as nothing is certain. Null stays null."""
    percent = F.format_string(phrases["percent"], F.round(share * 100).cast("int"))
    return F.when(share < 0.01, phrases["least"]).when(share > 0.99, phrases["most"]).when(share.isNotNull(), percent)
