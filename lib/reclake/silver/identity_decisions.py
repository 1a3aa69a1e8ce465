"""silver.identity_decisions: what stewards decided about who is who, and what of it still counts."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def identity_decisions(bronze_identity_decisions: DataFrame) -> DataFrame:
    """One row per decision and pair of accounts that it parts.

    A decision that was taken back stays listed, and counts for no as_of: what it changed is as if it had never been made.
    Of several records that take back one decision, the first counts.
    """
    is_undo = F.col("action") == "undo"
    undone = (
        bronze_identity_decisions
        .where(is_undo)
        .groupBy(F.col("undoes").alias("decision_id"))
        .agg(F.min(F.struct("recorded_at", "decision_id", "author")).alias("undo"))
    )
    return (
        bronze_identity_decisions
        .where(~is_undo)
        .join(undone, on="decision_id", how="left")
        .withColumns({
            "is_undone": F.col("undo").isNotNull(),
            "undone_by": F.col("undo.author"),
        })
    )
