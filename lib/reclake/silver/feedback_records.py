"""Reviews and messages of service chats as they came, parsed and classified; what was written is masked."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.classify import has_reason
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.typed import with_notes, with_reasons
from reclake.records.values import business_day
from reclake.sources.source import REQUIRED, Source
from reclake.tables.vocabulary import LANGUAGE

_LEAST_STARS = 1


def _completed(feedback: DataFrame, timezone: str) -> DataFrame:
    is_review, is_chat = F.col("feedback_kind") == "review", F.col("feedback_kind") == "chat"
    derived = {
        "event_date": business_day(F.col("occurred_at"), timezone),
        "rating": F.when(is_review, F.col("rating")),
        "speaker": F.coalesce("speaker", F.when(is_review & ~has_reason("speaker"), F.lit("customer"))),
    }
    lacks = {column: F.col(column).isNull() & ~has_reason(column) for column in ("text", "rating", "conversation_id", "speaker")}
    faults = {
        "rating is outside its limits": F.col("rating") < _LEAST_STARS,
        "it holds neither text nor rating": lacks["text"] & lacks["rating"],
        **{f"{column} is missing": is_chat & lacks[column] for column in ("conversation_id", "speaker")},
    }
    has_language = F.col("language").rlike(LANGUAGE)
    judged = with_notes(with_reasons(feedback.withColumns(derived), faults), {"language is not BCP 47": ~has_language})
    # What a feed writes instead of a language is any text: it is not stored.
    return judged.withColumn("language", F.when(has_language, F.col("language")))


def feedback_records(
    bronze_feedback: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.feedback: a review, or one message of a conversation with the service.

    A review is its customer's, and has a text, stars or both. A message needs a text, its conversation and who wrote it;
    stars are none of its own and left out. A language of another form than BCP 47 is left out and noted.
    """
    return classified_records(
        bronze_feedback,
        "feedback",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=timezone,
        required=REQUIRED["feedback"],
        complete=lambda feedback: _completed(feedback, timezone),
        event_day="event_date",
    )
