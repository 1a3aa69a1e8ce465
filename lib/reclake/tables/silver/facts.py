"""What happened, by event day and by the account as seen."""

from dataclasses import replace

from reclake.tables.declaration import Field, Privacy, Table, personal, plain
from reclake.tables.inputs import Input, days, deliveries, same_day, takes

from . import records
from .records import POINTER

# Why rows stay as long as the lake (docs/decisions/0022).
HISTORY = "a first order of years ago is still a first order; a person's rows go with the person's erasure"


def _taken(fields: tuple[Field, ...], *required: str) -> tuple[Field, ...]:
    """The columns of a records table as a fact holds them; those named hold no null."""
    return tuple(replace(field, required=field.name in required) for field in fields)


ORDER_LINES = Table(
    name="silver.order_lines",
    grain="one row per kept order line, sale or return",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *POINTER,
        *_taken(records.ORDER, "order_id", "event_date", "ordered_at", "quantity", "line_amount", "currency", "is_return"),
        plain("is_repeat", "boolean", "Its content equals an earlier line's of its source.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    inputs=(Input(records.ORDER_RECORDS, deliveries()),),
)

EVENTS = Table(
    name="silver.events",
    grain="one row per kept event",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *POINTER,
        *_taken(records.EVENT, "event_date", "occurred_at", "event_type", "account_id"),
        plain("is_bot", "boolean", "Whether a machine made it; left out downstream.", required=True),
        plain("bot_reason", "string", "The rule that says so; null for people."),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    # Evidence of a person: docs/decisions/0034.
    inputs=(Input(records.EVENT_RECORDS, deliveries()), Input(ORDER_LINES, days(before=30), feeds=False)),
    catalogues=("sources",),
    parameters=takes("bots"),
)

INTERACTIONS = Table(
    name="silver.interactions",
    grain="one row per account, product, day and kind",
    key=("event_date", "account_id", "product_id", "kind"),
    fields=(
        plain("event_date", "date", "Business day.", required=True),
        Field("account_id", "string", "The account as seen.", privacy=Privacy.PSEUDONYM, required=True),
        personal("product_id", "string", "The product.", required=True),
        personal("kind", "string", "view, add_to_cart, purchase or rating.", required=True),
        personal(
            "n_events", "long", "Events; of a purchase order lines, where the source delivers orders.", "events", required=True
        ),
        personal("rating", "double", "The last rating of the day.", "stars"),
        personal("last_at", "timestamp", "The last of them.", "UTC", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    inputs=(Input(EVENTS, same_day()), Input(ORDER_LINES, same_day())),
    catalogues=("sources",),
    may_be_empty="a day may hold no event that names a product",
)

FEEDBACK = Table(
    name="silver.feedback",
    grain="one row per kept review, or message of a service chat",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *POINTER,
        *_taken(records.FEEDBACK, "event_date", "occurred_at", "feedback_kind", "speaker"),
        plain("is_repeat", "boolean", "Its content equals an earlier one's of its source.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    inputs=(Input(records.FEEDBACK_RECORDS, deliveries()),),
    may_be_empty="of a day there may be refused and late records only",
)

OUTREACH = Table(
    name="silver.outreach",
    grain="one row per kept contact that the company made with a customer",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *POINTER,
        *_taken(records.OUTREACH, "event_date", "occurred_at", "account_id", "purpose", "contact_channel"),
        plain("is_repeat", "boolean", "Its content equals an earlier one's of its source.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    inputs=(Input(records.OUTREACH_RECORDS, deliveries()),),
    may_be_empty="of a day there may be refused and late records only",
)

_OUTCOMES = ("list_action", "occurred_at", "order_id")  # of an impression's records: what its row says in columns of their own

IMPRESSIONS = Table(
    name="silver.impressions",
    grain="one row per list and position that was shown, with the first click and order that followed",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *POINTER,
        *_taken(
            tuple(field for field in records.IMPRESSION if field.name not in _OUTCOMES),
            "list_id",
            "list_position",
            "event_date",
            "shown_at",
            "account_id",
            "product_id",
        ),
        personal("n_clicks", "long", "Clicks on the product in this list.", "events", required=True),
        personal("clicked_at", "timestamp", "The first click; null without one.", "UTC"),
        personal(
            "ordered_at",
            "timestamp",
            "The first order from this list; null without one. What is delivered after the late limit of the day on which the list "
            "was shown does not count, for clicks and orders alike.",
            "UTC",
        ),
        personal("order_id", "string", "That order."),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="event_date",
    inputs=(Input(records.IMPRESSION_RECORDS, deliveries()),),
    may_be_empty="of a day there may be refused and late records only",
)

TABLES = (ORDER_LINES, EVENTS, INTERACTIONS, FEEDBACK, OUTREACH, IMPRESSIONS)
