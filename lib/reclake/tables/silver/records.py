"""Records as they were delivered, classified and typed: one table per table of bronze, by delivery day."""

from dataclasses import replace

from reclake.tables import bronze
from reclake.tables.declaration import Field, Privacy, Table, personal, plain
from reclake.tables.inputs import Each, Input, Parameter, repeats, same_day, takes

# Why rows stay as long as the lake (docs/decisions/0022).
JUDGED = "how a record was judged is needed once the raw one is gone; a person's rows go with the person's erasure"

POINTER = (
    plain("source", "string", "The source that delivered the record.", required=True),
    plain("delivery_day", "date", "The day of its delivery.", required=True),
    plain("file_digest", "string", "The file in bronze.", required=True),
    plain("position", "long", "Place in that file, from 0.", "records", required=True),
)
CLASS = (
    plain("record_class", "string", "kept, duplicate, rejected or late.", required=True),
    plain("reasons", "array<string>", "Every reason for a class other than kept, sorted.", required=True),
    plain(
        "notes", "array<string>", "What was noted of the record and cost it nothing, sorted: a value left out; null for nothing."
    ),
    plain("is_repeat", "boolean", "A kept record whose content equals an earlier one of its source.", required=True),
)

_KEYS = takes(id_key_id="privacy.id_key_id", directory="secrets.directory")
_CONTACT_KEYS = takes(contact_key_id="privacy.contact_key_id", default_region="privacy.default_region")
_BUSINESS_DAYS = takes(timezone="business.timezone")


def _records(raw: Table, fields: tuple[Field, ...], *parameters: Parameter, needs: tuple[str, ...]) -> Table:
    """The records table of a table of bronze; its event day is the column event_date, where it has one.

    No record may lack one of the columns that it `needs`.
    """
    has_event_day = any(field.name == "event_date" for field in fields)
    return Table(
        name=f"silver.{raw.noun.removesuffix('s')}_records",
        grain=f"one row per record of {raw.name}",
        key=("source", "file_digest", "position"),
        fields=POINTER + CLASS + fields,
        stage="silver",
        write="replace_days",
        stays_because=JUDGED,
        required_if_kept=needs,
        day_column="delivery_day",
        source_day_column="event_date" if has_event_day else None,
        inputs=(Input(raw, repeats()),),
        catalogues=("sources",),
        parameters=(*parameters, *takes(max_record_bytes="landing.max_record_bytes", max_depth="landing.max_depth")),
    )  # fmt: skip


def raw_of(records: Table) -> Table:
    """The table of bronze that a records table classifies."""
    return records.reads[0].table


def event_time_of(records: Table) -> str | None:
    """The column with the instant that a record is about: the first time that is declared; None where there is no event day.

    Examples
    --------
    >>> event_time_of(ORDER_RECORDS), event_time_of(ACCOUNT_RECORDS)
    ('ordered_at', None)
    """
    times = (field.name for field in records.fields if field.type == "timestamp")
    return next(times, None) if records.source_day_column else None


EVENT = (
    personal("event_id", "string", "The source's id of the event."),
    plain("event_date", "date", "Business day of the event; null if its time cannot be used."),
    personal("occurred_at", "timestamp", "When it happened.", "UTC"),
    personal("received_at", "timestamp", "When the collector received it.", "UTC"),
    plain("channel", "string", "app, mini_program, web or pos."),
    personal("event_type", "string", "GA4 name: view_item, add_to_cart, purchase, …"),
    Field("account_id", "string", "The account as seen: the login if there was one, else the device.", privacy=Privacy.PSEUDONYM),
    Field("login_account_id", "string", "The account that was logged in.", privacy=Privacy.PSEUDONYM),
    Field("device_id", "string", "The device's anonymous account.", privacy=Privacy.PSEUDONYM),
    personal("product_id", "string", "The product looked at, added, bought or rated."),
    personal("order_id", "string", "The order that the event belongs to."),
    personal("rating", "double", "A stated rating.", "stars"),
    replace(personal("search_query", "string", "What was searched for, contact data masked."), is_free_text=True),
    personal("user_agent", "string", "The client as it names itself."),
)

EVENT_RECORDS = _records(bronze.EVENTS, EVENT, *_BUSINESS_DAYS, *_KEYS, needs=("occurred_at", "event_type"))

ORDER = (
    personal(
        "order_id",
        "string",
        "The source's id of the order or till receipt. One order is what shares source, order_scope and order_id.",
    ),
    plain(
        "order_scope",
        "string",
        "Within what the order's number is unique, as its feed says: a channel, the name of a feed, or blank for the whole source.",
    ),
    personal("line_id", "string", "The source's id of the line within the order, if it gives one."),
    plain("event_date", "date", "Business day of the order; null if its time cannot be used."),
    personal("ordered_at", "timestamp", "When it was ordered or rung up.", "UTC"),
    personal("received_at", "timestamp", "When the collector received it.", "UTC"),
    plain("channel", "string", "app, mini_program, web or pos."),
    Field("account_id", "string", "The account that bought; null for a guest.", privacy=Privacy.PSEUDONYM),
    plain(
        "line_kind",
        "string",
        "product; service: sold, but no product; shipping, fee: charged with the order; voucher, discount, rounding: "
        "money taken off the order, or added; gift: goods for 0. Only a product has a product_id, only product and "
        "service make an order, and all count in its spend. Null in rows from before it was told: product or service.",
    ),
    personal("product_id", "string", "The product bought or returned; null where the line is of another kind than product."),
    personal("product_code", "string", "The code as the source writes it."),
    personal("product_name", "string", "The product as the source describes it on the line."),
    personal("country", "string", "Country of the delivery as the source writes it."),
    personal("quantity", "long", "Pieces; negative for a return.", "pieces"),
    personal(
        "unit_price_amount", "decimal(18,4)", "Price of one piece; below 0 only for a voucher, discount or rounding.", "currency"
    ),
    personal(
        "line_amount", "decimal(18,4)", "quantity × unit price; negative for a return, and where money is taken off.", "currency"
    ),
    plain("currency", "string", "ISO 4217."),
    personal("is_return", "boolean", "Whether goods came back."),
)

ORDER_RECORDS = _records(
    bronze.ORDERS,
    ORDER,
    *_BUSINESS_DAYS,
    *_KEYS,
    needs=("order_id", "ordered_at", "quantity", "unit_price_amount", "currency"),
)

ACCOUNT = (
    Field("account_id", "string", "Pseudonym of the channel's account.", privacy=Privacy.PSEUDONYM),
    plain("channel", "string", "The channel that keeps the account."),
    personal("changed_at", "timestamp", "When the account took this state.", "UTC"),
    personal("registered_at", "timestamp", "When the account was opened.", "UTC"),
    Field("phone_token", "string", "Keyed token of the normalised phone, with key id.", privacy=Privacy.PSEUDONYM),
    Field("email_token", "string", "Keyed token of the normalised e-mail address, with key id.", privacy=Privacy.PSEUDONYM),
    Field(
        "card_token", "string", "Keyed token of the normalised number of a loyalty card, with key id.", privacy=Privacy.PSEUDONYM
    ),
    Field(
        "union_token",
        "string",
        "Keyed token of the person's id across the apps of one platform, such as WeChat's unionid, with key id.",
        privacy=Privacy.PSEUDONYM,
    ),
    personal("is_phone_verified", "boolean", "Whether the channel has seen the phone reach the person; null without a phone."),
    personal("is_email_verified", "boolean", "The same of the e-mail address. What is not verified ties no accounts."),
    Field("device_id", "string", "A device that the channel ties to the account.", privacy=Privacy.PSEUDONYM),
    personal("region", "string", "Region, not finer than a district."),
    personal("gender", "string", "As stated by the person."),
    personal(
        "birth_year",
        "integer",
        "As stated by the person; a later record without one says nothing. In silver.accounts the year of delivery stands for one "
        "that cannot be read.",
        "year",
    ),
)

_FEED = plain(
    "feed", "string", "The feed of the source through which it came; null where none takes its file, and in older rows."
)

ACCOUNT_RECORDS = _records(bronze.ACCOUNTS, (_FEED, *ACCOUNT), *_KEYS, *_CONTACT_KEYS, needs=("account_id",))

PRODUCT = (
    plain("product_id", "string", "The product's id across channels."),
    plain("changed_at", "timestamp", "When the product took this state; null if the source does not say.", "UTC"),
    plain("product_name", "string", "Name shown to customers."),
    plain("category", "string", "Category shown to customers."),
    plain("price_amount", "decimal(18,4)", "Price of one piece on that day.", "currency"),
    plain("currency", "string", "ISO 4217."),
    plain("is_active", "boolean", "Whether it is on sale."),
    plain("brand", "string", "Brand shown to customers."),
    plain(
        "variant_of",
        "string",
        "The product that stands for its variants, such as sizes and colours of one thing: the same in all of them, itself "
        "included; null for a product without variants.",
    ),
    plain(
        "list_price_amount",
        "decimal(18,4)",
        "Price of one piece before any discount, in the currency of the price; the discount is what the price is less.",
        "currency",
    ),
)

PRODUCT_RECORDS = _records(bronze.PRODUCTS, (_FEED, *PRODUCT), needs=("product_id",))

STOCK = (
    plain("product_id", "string", "The product's id across channels."),
    plain("changed_at", "timestamp", "When the stock took this state; null if the source does not say.", "UTC"),
    plain("n_available", "long", "Pieces that can be sold; 0 where more were sold than there are.", "pieces"),
    plain("is_in_stock", "boolean", "Whether it can be sold now: as stated, else whether a piece is available."),
    plain("is_recalled", "boolean", "Whether it was called back, and must not be sold or shown."),
)

STOCK_RECORDS = _records(bronze.STOCK, (_FEED, *STOCK), needs=("product_id",))

CONSENT = (
    personal("consent_id", "string", "The source's id of the statement."),
    Field("account_id", "string", "The account that made it.", privacy=Privacy.PSEUDONYM),
    plain("purpose", "string", "What for: personalisation, marketing, analytics, service."),
    personal("is_granted", "boolean", "Granted, or refused or withdrawn."),
    personal("changed_at", "timestamp", "When the person decided.", "UTC"),
)

CONSENT_RECORDS = _records(bronze.CONSENTS, CONSENT, *_KEYS, needs=("account_id", "purpose", "is_granted", "changed_at"))

FEEDBACK = (
    personal("feedback_id", "string", "The source's id of the review or message."),
    plain("event_date", "date", "Business day on which it was written; null if its time cannot be used."),
    personal("occurred_at", "timestamp", "When it was written.", "UTC"),
    personal("received_at", "timestamp", "When the collector received it.", "UTC"),
    plain("channel", "string", "app, mini_program, web or pos."),
    personal("feedback_kind", "string", "review: of a product or order; chat: a message of a conversation with the service."),
    Field(
        "account_id",
        "string",
        "The customer's account, of what staff writes that of the customer who is answered; null for a guest.",
        privacy=Privacy.PSEUDONYM,
    ),
    personal("product_id", "string", "The product that it is about, where stated."),
    personal("order_id", "string", "The order that it is about, where stated."),
    personal("rating", "double", "Stars of a review, 1 to 5; null for messages, and for reviews without stars.", "stars"),
    personal("conversation_id", "string", "The source's id of the conversation that a message belongs to; null for reviews."),
    personal("speaker", "string", "Who wrote it: customer or staff. A review is its customer's."),
    replace(
        personal("text", "string", "What was written, contact data masked; null for a review of stars alone."), is_free_text=True
    ),
    personal("language", "string", "The text's language as the source states it, BCP 47; null if it does not."),
)

FEEDBACK_RECORDS = _records(bronze.FEEDBACK, FEEDBACK, *_BUSINESS_DAYS, *_KEYS, needs=("occurred_at", "feedback_kind"))

OUTREACH = (
    personal("outreach_id", "string", "The source's id of the contact."),
    plain("event_date", "date", "Business day of the contact; null if its time cannot be used."),
    personal("occurred_at", "timestamp", "When the company sent, called or wrote.", "UTC"),
    personal("received_at", "timestamp", "When the collector received it.", "UTC"),
    plain("channel", "string", "The channel of the account: app, mini_program, web or pos."),
    Field("account_id", "string", "The account whose person was contacted.", privacy=Privacy.PSEUDONYM),
    personal("purpose", "string", "What for, in the words of consents: marketing, service, personalisation, analytics."),
    personal("contact_channel", "string", "By what the person was contacted: sms, email, push, call or mail."),
    personal(
        "result",
        "string",
        "The furthest that is known of it: delivered, failed, opened, clicked, replied or complained; null where nothing is.",
    ),
)

OUTREACH_RECORDS = _records(
    bronze.OUTREACH, OUTREACH, *_BUSINESS_DAYS, *_KEYS, needs=("occurred_at", "account_id", "purpose", "contact_channel")
)

IMPRESSION = (
    personal("list_id", "string", "The source's id of the list, as it was shown once to one person."),
    personal("list_position", "long", "Place of the product in that list, from 1.", "rank"),
    personal("list_action", "string", "shown: seen by the person; clicked; ordered: bought after a click on it."),
    plain(
        "event_date",
        "date",
        "Business day on which the list was shown, of clicks and orders too; null if its time cannot be used.",
    ),
    personal("shown_at", "timestamp", "When the list was shown.", "UTC"),
    personal("occurred_at", "timestamp", "When it was clicked or ordered; of what was shown, when it was.", "UTC"),
    personal("received_at", "timestamp", "When the collector received it.", "UTC"),
    plain("channel", "string", "app, mini_program, web or pos."),
    Field("account_id", "string", "The account as seen: the login if there was one, else the device.", privacy=Privacy.PSEUDONYM),
    Field("login_account_id", "string", "The account that was logged in.", privacy=Privacy.PSEUDONYM),
    Field("device_id", "string", "The device's anonymous account.", privacy=Privacy.PSEUDONYM),
    personal("product_id", "string", "The product shown."),
    personal("scenario", "string", "Where it was shown, as the source calls it: home, item_page, cart."),
    personal("strategy", "string", "What chose the list, as the source calls it: the model or rule."),
    personal("model_version", "string", "Version of the model; null where none took part."),
    personal("arm", "string", "Arm of the experiment, or rule of choice, under which the strategy was drawn."),
    personal(
        "propensity",
        "double",
        "Probability with which this strategy was drawn for this list, above 0 to 1; null where the source does not say.",
        "share",
    ),
    personal("order_id", "string", "The order, of what was ordered."),
)

IMPRESSION_RECORDS = _records(
    bronze.IMPRESSIONS,
    IMPRESSION,
    *_BUSINESS_DAYS,
    *_KEYS,
    needs=("list_id", "list_position", "list_action", "shown_at", "product_id"),
)

RECORDS = (
    EVENT_RECORDS,
    ORDER_RECORDS,
    ACCOUNT_RECORDS,
    PRODUCT_RECORDS,
    CONSENT_RECORDS,
    FEEDBACK_RECORDS,
    OUTREACH_RECORDS,
    STOCK_RECORDS,
    IMPRESSION_RECORDS,
)

REJECTED_RECORDS = Table(
    name="silver.rejected_records",
    grain="one row per record that was not kept",
    key=("record_table", "source", "file_digest", "position"),
    fields=(
        plain("record_table", "string", "The records table that holds its classification.", required=True),
        *POINTER,
        plain("record_class", "string", "duplicate, rejected or late.", required=True),
        plain("reasons", "array<string>", "Every reason, sorted.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=JUDGED,
    day_column="delivery_day",
    inputs=(Each("records", RECORDS, same_day()),),
    may_be_empty="everything may have been kept",
)

TABLES = (*RECORDS, REJECTED_RECORDS)
