"""What the tables of lists share: where a product is shown, how it came there, why, and its state on the day."""

from dataclasses import replace

from reclake.tables.declaration import Field, personal, plain

SCENARIO = plain("scenario", "string", "Where it is shown: a scenario of conf/scenarios.", required=True)
MODEL_VERSION = plain("model_version", "string", "Version of the registered model; null where none took part.")

STRATEGY = (
    plain(
        "strategy",
        "string",
        "What gave it: a model by its name, a relation of gold.product_relations, due_again, popular, or popular_in_category, _tier, "
        "_channel, _last_category or _last_7_days. Null in rows of before.",
    ),
    plain(
        "position",
        "integer",
        "Place of that link in the scenario's chain: 1, 2, …; the greater, the further it fell back.",
        "rank",
    ),
)
REASONS = (
    plain(
        "reason",
        "string",
        "The fact that the row states: goes_with, bought, looked_at, seen_with, popular_in or due; null where none is true.",
    ),
    personal("reason_en", "string", "The fact as a sentence in English."),
    personal("reason_zh", "string", "The same in Chinese."),
    plain(
        "evidence_relation", "string", "The relation of gold.product_relations that the fact rests on; null where it needs none."
    ),
    personal(
        "evidence_product_id", "string", "The product that the fact rests on: bought, looked at, asked about or in the basket."
    ),
)
STATUS = (
    personal(
        "price_amount",
        "decimal(18,4)",
        "Price of one piece at the as_of, the same for everybody; null if none is stated.",
        "currency",
    ),
    plain("currency", "string", "Of the price, ISO 4217."),
    plain("stock_status", "string", "in_stock, or not_counted where nobody counts the product's stock."),
)


_WORDS = ("scenario", "strategy", "model_version", "reason")
_WORD = "it is one of a few words that stand in files of the company; whom and what it is about stands in personal columns"


def stated_words(*fields: Field) -> tuple[Field, ...]:
    """The fields of a table that reads silver.impressions, where the same words are part of what one person was shown."""
    return tuple(replace(field, falls_because=_WORD) if field.name in _WORDS else field for field in fields)
