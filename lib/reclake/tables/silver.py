"""One truth: records classified, facts by event day, dimensions with validity."""

from . import bronze
from .declaration import Field, Input, Privacy, Table, days, deliveries, personal, plain, repeats, same_day, whole

# Why rows stay as long as the lake (docs/decisions/0022).
_JUDGED = "how a record was judged is needed once the raw one is gone; a person's rows go with the person's erasure"
_HISTORY = "a first order of years ago is still a first order; a person's rows go with the person's erasure"
_PERSON = "it is made from all records; a person's rows go with the person's erasure"

_POINTER = (
    plain("source", "string", "The source that delivered the record.", required=True),
    plain("delivery_day", "date", "The day of its delivery.", required=True),
    plain("file_digest", "string", "The file in bronze.", required=True),
    plain("position", "long", "Place in that file, from 0.", "records", required=True),
)
_CLASS = (
    plain("record_class", "string", "kept, duplicate, rejected or late.", required=True),
    plain("reasons", "array<string>", "Every reason for a class other than kept, sorted.", required=True),
    plain(
        "notes", "array<string>", "What was noted of the record and cost it nothing, sorted: a value left out; null for nothing."
    ),
    plain("is_repeat", "boolean", "A kept record whose content equals an earlier one of its source.", required=True),
)

_EVENT = (
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
    personal("search_query", "string", "What was searched for, contact data masked."),
    personal("user_agent", "string", "The client as it names itself."),
)

EVENT_RECORDS = Table(
    name="silver.event_records",
    grain="one row per record of bronze.events",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _EVENT,
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    source_day_column="event_date",
    inputs=(Input(bronze.EVENTS, repeats()),),
    catalogues=("sources",),
    parameters=(
        "business.timezone",
        "privacy.id_key_id",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_ORDER = (
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

ORDER_RECORDS = Table(
    name="silver.order_records",
    grain="one row per record of bronze.orders",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _ORDER,
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    source_day_column="event_date",
    inputs=(Input(bronze.ORDERS, repeats()),),
    catalogues=("sources",),
    parameters=(
        "business.timezone",
        "privacy.id_key_id",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_ACCOUNT = (
    Field("account_id", "string", "Pseudonym of the channel's account.", privacy=Privacy.PSEUDONYM),
    plain("channel", "string", "The channel that keeps the account."),
    personal("changed_at", "timestamp", "When the account took this state.", "UTC"),
    personal("registered_at", "timestamp", "When the account was opened.", "UTC"),
    Field("phone_token", "string", "Keyed token of the normalised phone, with key id.", privacy=Privacy.PSEUDONYM),
    Field("email_token", "string", "Keyed token of the normalised e-mail address, with key id.", privacy=Privacy.PSEUDONYM),
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

ACCOUNT_RECORDS = Table(
    name="silver.account_records",
    grain="one row per record of bronze.accounts",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _ACCOUNT,
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    inputs=(Input(bronze.ACCOUNTS, repeats()),),
    catalogues=("sources",),
    parameters=(
        "privacy.id_key_id",
        "privacy.contact_key_id",
        "privacy.default_region",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_PRODUCT = (
    plain("product_id", "string", "The product's id across channels."),
    plain("changed_at", "timestamp", "When the product took this state; null if the source does not say.", "UTC"),
    plain("product_name", "string", "Name shown to customers."),
    plain("category", "string", "Category shown to customers."),
    plain("price_amount", "decimal(18,4)", "List price of one piece.", "currency"),
    plain("currency", "string", "ISO 4217."),
    plain("is_active", "boolean", "Whether it is on sale."),
)

PRODUCT_RECORDS = Table(
    name="silver.product_records",
    grain="one row per record of bronze.products",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _PRODUCT,
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    inputs=(Input(bronze.PRODUCTS, repeats()),),
    catalogues=("sources",),
    parameters=("landing.max_record_bytes", "landing.max_depth"),
)

_CONSENT = (
    personal("consent_id", "string", "The source's id of the statement."),
    Field("account_id", "string", "The account that made it.", privacy=Privacy.PSEUDONYM),
    plain("purpose", "string", "What for: personalisation, marketing, analytics."),
    personal("is_granted", "boolean", "Granted, or refused or withdrawn."),
    personal("changed_at", "timestamp", "When the person decided.", "UTC"),
)

CONSENT_RECORDS = Table(
    name="silver.consent_records",
    grain="one row per record of bronze.consents",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _CONSENT,
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    inputs=(Input(bronze.CONSENTS, repeats()),),
    catalogues=("sources",),
    parameters=("privacy.id_key_id", "secrets.directory", "landing.max_record_bytes", "landing.max_depth"),
)

REJECTED_RECORDS = Table(
    name="silver.rejected_records",
    grain="one row per record that was not kept",
    key=("record_table", "source", "file_digest", "position"),
    fields=(
        plain("record_table", "string", "The records table that holds its classification.", required=True),
        *_POINTER,
        plain("record_class", "string", "duplicate, rejected or late.", required=True),
        plain("reasons", "array<string>", "Every reason, sorted.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=_JUDGED,
    day_column="delivery_day",
    inputs=tuple(
        Input(table, same_day()) for table in (EVENT_RECORDS, ORDER_RECORDS, ACCOUNT_RECORDS, PRODUCT_RECORDS, CONSENT_RECORDS)
    ),
    may_be_empty="everything may have been kept",
)

ORDER_LINES = Table(
    name="silver.order_lines",
    grain="one row per kept order line, sale or return",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *_POINTER,
        *(
            Field(
                f.name,
                f.type,
                f.doc,
                f.unit,
                privacy=f.privacy,
                required=f.name in ("order_id", "event_date", "ordered_at", "quantity", "line_amount", "currency", "is_return"),
            )
            for f in _ORDER
        ),
        plain("is_repeat", "boolean", "Its content equals an earlier line's of its source.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=_HISTORY,
    day_column="event_date",
    inputs=(Input(ORDER_RECORDS, deliveries()),),
)

EVENTS = Table(
    name="silver.events",
    grain="one row per kept event",
    key=("source", "event_date", "file_digest", "position"),
    fields=(
        *_POINTER,
        *(
            Field(
                f.name,
                f.type,
                f.doc,
                f.unit,
                privacy=f.privacy,
                required=f.name in ("event_date", "occurred_at", "event_type", "account_id"),
            )
            for f in _EVENT
        ),
        plain("is_bot", "boolean", "Whether a machine made it; left out downstream.", required=True),
        plain("bot_reason", "string", "The rule that says so; null for people."),
    ),
    stage="silver",
    write="replace_days",
    stays_because=_HISTORY,
    day_column="event_date",
    # Evidence of a person: docs/decisions/0034.
    inputs=(Input(EVENT_RECORDS, deliveries()), Input(ORDER_LINES, days(before=30), feeds=False)),
    catalogues=("sources",),
    parameters=("bots",),
)

_VALIDITY = (
    plain("valid_from", "date", "The day on which the row became true; it counts for an as_of after it.", required=True),
    plain("valid_to", "date", "The last as_of for which it counts; null while it does."),
)

ACCOUNTS = Table(
    name="silver.accounts",
    grain="one row per account in any fact and validity, an anonymous device too",
    key=("account_id", "valid_from"),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        *_VALIDITY,
        plain("source", "string", "The source that knows it.", required=True),
        plain("basis", "string", "Lawful basis stated by the source.", required=True),
        plain("is_device", "boolean", "An anonymous device, not a login or member.", required=True),
        plain("is_machine", "boolean", "Whether nothing but the events of machines names it; no customer then.", required=True),
        plain("first_delivery_day", "date", "The first day on which anything of it was delivered.", required=True),
        plain("first_file_digest", "string", "The file of its first record, which orders accounts of one day.", required=True),
        plain("first_position", "long", "Place of its first record in that file.", "records", required=True),
        *(
            Field(f.name, f.type, f.doc, f.unit, privacy=f.privacy)
            for f in _ACCOUNT
            if f.name not in ("account_id", "changed_at")
        ),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="every line may be a guest's, who has no account",
    stays_because=_PERSON,
    inputs=(
        Input(ACCOUNT_RECORDS, whole()),
        Input(EVENTS, whole()),
        Input(ORDER_RECORDS, whole()),
        Input(CONSENT_RECORDS, whole()),
    ),
    catalogues=("sources",),
    parameters=("business.timezone",),
)

PRODUCTS = Table(
    name="silver.products",
    grain="one row per product and validity",
    key=("product_id", "valid_from"),
    fields=(
        Field(
            "product_id",
            "string",
            "The product.",
            privacy=Privacy.NONE,
            required=True,
            falls_because="that there is such a product says nothing of who dealt with it; a code that is evident contact data is "
            "refused, one of digits alone may be any code",
        ),
        *_VALIDITY,
        personal("product_name", "string", "Name shown to customers; of a product that no catalogue has, as a till typed it."),
        *(
            Field(f.name, f.type, f.doc, f.unit, privacy=f.privacy)
            for f in _PRODUCT
            if f.name not in ("product_id", "product_name", "changed_at")
        ),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="no line may name a product",
    stays_because="it says nothing of a person, and is made from all records",
    inputs=(Input(PRODUCT_RECORDS, whole()), Input(ORDER_RECORDS, whole()), Input(EVENT_RECORDS, whole())),
    parameters=("business.timezone",),
)

CONSENTS = Table(
    name="silver.consents",
    grain="one row per account, purpose and validity",
    key=("account_id", "purpose", "valid_from"),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        plain("purpose", "string", "What for.", required=True),
        *_VALIDITY,
        personal("is_granted", "boolean", "Granted, and not refused, withdrawn or suspended.", required=True),
        personal(
            "is_suspended",
            "boolean",
            "Whether a refused record of the account stands in the way: nobody knows what it said, so nothing is granted "
            "until a later grant is delivered.",
            required=True,
        ),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="every statement may have been refused",
    stays_because="it is the proof of what was agreed to",
    inputs=(Input(CONSENT_RECORDS, whole()),),
    parameters=("business.timezone",),
)

CONTACTS = Table(
    name="silver.contacts",
    grain="one row per account with contact data: its last state (restricted)",
    key=("account_id",),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        Field(
            "phone_encrypted",
            "binary",
            "AES-SIV of the normalised phone, bound to table, column and account.",
            privacy=Privacy.CONTACT,
        ),
        Field("email_encrypted", "binary", "AES-SIV of the normalised e-mail address.", privacy=Privacy.CONTACT),
        Field("address_encrypted", "binary", "AES-SIV of the postal address.", privacy=Privacy.CONTACT),
        plain("key_id", "string", "The key that encrypts it.", required=True),
        plain("delivery_day", "date", "The delivery of this state.", required=True),
    ),
    stage="silver",
    write="replace_whole",
    stays_because=_PERSON,
    inputs=(Input(ACCOUNT_RECORDS, whole()), Input(bronze.ACCOUNTS, whole())),
    may_be_empty="a source may know nobody's phone or address",
    catalogues=("sources",),
    parameters=(
        "privacy.contact_key_id",
        "privacy.default_region",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

IDENTITIES = Table(
    name="silver.identities",
    grain="one row per account and validity",
    key=("account_id", "valid_from"),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        Field(
            "customer_id",
            "string",
            "The person: named after the earliest-delivered account of the group.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        *_VALIDITY,
        plain(
            "evidence",
            "string",
            "What tied it to the group: login, phone, email, device; alone, or too_many: tied to more accounts than are linked.",
            required=True,
        ),
        personal("n_accounts", "long", "Accounts of the group in this validity.", "accounts", required=True),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="there may be no account",
    stays_because=_PERSON,
    inputs=(Input(ACCOUNTS, whole()), Input(EVENT_RECORDS, whole())),
    parameters=("identity.max_accounts_per_key", "identity.max_accounts_per_customer"),
)

SESSIONS = Table(
    name="silver.sessions",
    grain="one row per session of a device or account as seen",
    key=("session_id",),
    fields=(
        Field("session_id", "string", "Digest of source, unit and first event.", privacy=Privacy.PSEUDONYM, required=True),
        plain("session_date", "date", "Business day of its start; a day without a pause cuts it at midnight.", required=True),
        plain("source", "string", "The source of its events.", required=True),
        Field(
            "unit_id",
            "string",
            "The device as seen, or the account where no device is known.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field("account_id", "string", "The last login in it, else the unit.", privacy=Privacy.PSEUDONYM, required=True),
        plain("channel", "string", "Channel of its first event."),
        personal("started_at", "timestamp", "First event.", "UTC", required=True),
        personal("ended_at", "timestamp", "Last event.", "UTC", required=True),
        personal("duration_seconds", "long", "Last minus first event.", "seconds", required=True),
        personal("n_events", "long", "Events.", "events", required=True),
        personal("n_views", "long", "Product views.", "events", required=True),
        personal("n_carts", "long", "Additions to the cart.", "events", required=True),
        personal("n_purchases", "long", "Purchase events.", "events", required=True),
        personal("is_engaged", "boolean", "Longer than 10 s, or a cart or purchase, or two views.", required=True),
    ),
    stage="behaviour",
    write="replace_days",
    stays_because=_HISTORY,
    day_column="session_date",
    inputs=(Input(EVENTS, days(before=1, after=1)),),
    may_be_empty="a day may hold machines only, or visits that began the day before",
    parameters=("sessions.gap_minutes", "business.timezone"),
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
    stage="behaviour",
    write="replace_days",
    stays_because=_HISTORY,
    day_column="event_date",
    inputs=(Input(EVENTS, same_day()), Input(ORDER_LINES, same_day())),
    catalogues=("sources",),
    may_be_empty="a day may hold no event that names a product",
)

RECORDS = (EVENT_RECORDS, ORDER_RECORDS, ACCOUNT_RECORDS, PRODUCT_RECORDS, CONSENT_RECORDS)
TABLES = (
    *RECORDS,
    REJECTED_RECORDS,
    ORDER_LINES,
    EVENTS,
    PRODUCTS,
    CONSENTS,
    ACCOUNTS,
    CONTACTS,
    IDENTITIES,
    SESSIONS,
    INTERACTIONS,
)
