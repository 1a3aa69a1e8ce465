"""One truth: records classified, facts by event day, dimensions with validity."""

from . import bronze
from .declaration import Field, Input, Privacy, Table, days, deliveries, repeats, same_day, whole

_POINTER = (
    Field("source", "string", "The source that delivered the record.", required=True),
    Field("delivery_day", "date", "The day of its delivery.", required=True),
    Field("file_digest", "string", "The file in bronze.", required=True),
    Field("position", "long", "Place in that file, from 0.", "records", required=True),
)
_CLASS = (
    Field("record_class", "string", "kept, duplicate, rejected or late.", required=True),
    Field("reasons", "array<string>", "Every reason for a class other than kept, sorted.", required=True),
    Field("is_repeat", "boolean", "A kept record whose content equals an earlier one of its source.", required=True),
    Field(
        "fingerprint", "string", "SHA-256 of the payload without transport fields; null if unreadable.", privacy=Privacy.PSEUDONYM
    ),
)

_EVENT = (
    Field("event_id", "string", "The source's id of the event."),
    Field("event_date", "date", "Business day of the event; null if its time cannot be used."),
    Field("occurred_at", "timestamp", "When it happened.", "UTC"),
    Field("received_at", "timestamp", "When the collector received it.", "UTC"),
    Field("channel", "string", "app, mini_program, web or pos."),
    Field("event_type", "string", "GA4 name: view_item, add_to_cart, purchase, …"),
    Field("account_id", "string", "The account as seen: the login if there was one, else the device.", privacy=Privacy.PSEUDONYM),
    Field("login_account_id", "string", "The account that was logged in.", privacy=Privacy.PSEUDONYM),
    Field("device_id", "string", "The device's anonymous account.", privacy=Privacy.PSEUDONYM),
    Field("product_id", "string", "The product looked at, added, bought or rated."),
    Field("order_id", "string", "The order that the event belongs to."),
    Field("rating", "double", "A stated rating.", "stars", Privacy.PERSONAL),
    Field("search_query", "string", "What was searched for, contact data masked.", privacy=Privacy.PERSONAL),
    Field("user_agent", "string", "The client as it names itself.", privacy=Privacy.PERSONAL),
)

EVENT_RECORDS = Table(
    name="silver.event_records",
    grain="one row per record of bronze.events",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _EVENT,
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    source_day_column="event_date",
    inputs=(Input(bronze.EVENTS, repeats()),),
    parameters=(
        "sources",
        "business.timezone",
        "privacy.id_key_id",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_ORDER = (
    Field("order_id", "string", "The source's id of the order or till receipt."),
    Field("line_id", "string", "The source's id of the line within the order, if it gives one."),
    Field("event_date", "date", "Business day of the order; null if its time cannot be used."),
    Field("ordered_at", "timestamp", "When it was ordered or rung up.", "UTC"),
    Field("received_at", "timestamp", "When the collector received it.", "UTC"),
    Field("channel", "string", "app, mini_program, web or pos."),
    Field("account_id", "string", "The account that bought; null for a guest.", privacy=Privacy.PSEUDONYM),
    Field("product_id", "string", "The product bought or returned; null where a code stands for a service."),
    Field("product_code", "string", "The code as the source writes it."),
    Field("product_name", "string", "The product as the source describes it on the line."),
    Field("country", "string", "Country of the delivery as the source writes it.", privacy=Privacy.PERSONAL),
    Field("quantity", "long", "Pieces; negative for a return.", "pieces", Privacy.PERSONAL),
    Field("unit_price_amount", "decimal(18,4)", "Price of one piece.", "currency"),
    Field("line_amount", "decimal(18,4)", "quantity × unit price; negative for a return.", "currency", Privacy.PERSONAL),
    Field("currency", "string", "ISO 4217."),
    Field("is_return", "boolean", "Whether goods came back."),
)

ORDER_RECORDS = Table(
    name="silver.order_records",
    grain="one row per record of bronze.orders",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _ORDER,
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    source_day_column="event_date",
    inputs=(Input(bronze.ORDERS, repeats()),),
    parameters=(
        "sources",
        "business.timezone",
        "privacy.id_key_id",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_ACCOUNT = (
    Field("account_id", "string", "Pseudonym of the channel's account.", privacy=Privacy.PSEUDONYM),
    Field("channel", "string", "The channel that keeps the account."),
    Field("changed_at", "timestamp", "When the account took this state.", "UTC"),
    Field("registered_at", "timestamp", "When the account was opened.", "UTC", Privacy.PERSONAL),
    Field("phone_token", "string", "Keyed token of the normalised phone, with key id.", privacy=Privacy.PSEUDONYM),
    Field("email_token", "string", "Keyed token of the normalised e-mail address, with key id.", privacy=Privacy.PSEUDONYM),
    Field("device_id", "string", "A device that the channel ties to the account.", privacy=Privacy.PSEUDONYM),
    Field("region", "string", "Region, not finer than a district.", privacy=Privacy.PERSONAL),
    Field("gender", "string", "As stated by the person.", privacy=Privacy.PERSONAL),
    Field("birth_year", "integer", "As stated by the person.", "year", Privacy.PERSONAL),
)

ACCOUNT_RECORDS = Table(
    name="silver.account_records",
    grain="one row per record of bronze.accounts",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _ACCOUNT,
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=(Input(bronze.ACCOUNTS, repeats()),),
    parameters=(
        "sources",
        "privacy.id_key_id",
        "privacy.contact_key_id",
        "privacy.default_region",
        "secrets.directory",
        "landing.max_record_bytes",
        "landing.max_depth",
    ),
)

_PRODUCT = (
    Field("product_id", "string", "The product's id across channels."),
    Field("changed_at", "timestamp", "When the product took this state; null if the source does not say.", "UTC"),
    Field("product_name", "string", "Name shown to customers."),
    Field("category", "string", "Category shown to customers."),
    Field("price_amount", "decimal(18,4)", "List price of one piece.", "currency"),
    Field("currency", "string", "ISO 4217."),
    Field("is_active", "boolean", "Whether it is on sale."),
)

PRODUCT_RECORDS = Table(
    name="silver.product_records",
    grain="one row per record of bronze.products",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _PRODUCT,
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=(Input(bronze.PRODUCTS, repeats()),),
    parameters=("sources", "landing.max_record_bytes", "landing.max_depth"),
)

_CONSENT = (
    Field("consent_id", "string", "The source's id of the statement."),
    Field("account_id", "string", "The account that made it.", privacy=Privacy.PSEUDONYM),
    Field("purpose", "string", "What for: personalisation, marketing, analytics."),
    Field("is_granted", "boolean", "Granted, or refused or withdrawn.", privacy=Privacy.PERSONAL),
    Field("changed_at", "timestamp", "When the person decided.", "UTC", Privacy.PERSONAL),
)

CONSENT_RECORDS = Table(
    name="silver.consent_records",
    grain="one row per record of bronze.consents",
    key=("source", "file_digest", "position"),
    fields=_POINTER + _CLASS + _CONSENT,
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=(Input(bronze.CONSENTS, repeats()),),
    parameters=("sources", "privacy.id_key_id", "secrets.directory", "landing.max_record_bytes", "landing.max_depth"),
)

REJECTED_RECORDS = Table(
    name="silver.rejected_records",
    grain="one row per record that was not kept",
    key=("record_table", "source", "file_digest", "position"),
    fields=(
        Field("record_table", "string", "The records table that holds its classification.", required=True),
        *_POINTER,
        Field("record_class", "string", "duplicate, rejected or late.", required=True),
        Field("reasons", "array<string>", "Every reason, sorted.", required=True),
    ),
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=tuple(
        Input(table, same_day()) for table in (EVENT_RECORDS, ORDER_RECORDS, ACCOUNT_RECORDS, PRODUCT_RECORDS, CONSENT_RECORDS)
    ),
    min_rows=0,
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
                f.privacy,
                required=f.name in ("event_date", "occurred_at", "event_type", "account_id"),
            )
            for f in _EVENT
        ),
        Field("is_bot", "boolean", "Whether a machine made it; left out downstream.", required=True),
        Field("bot_reason", "string", "The rule that says so; null for people."),
    ),
    stage="silver",
    write="replace_days",
    day_column="event_date",
    inputs=(Input(EVENT_RECORDS, deliveries()),),
    parameters=("sources", "bots"),
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
                f.privacy,
                required=f.name in ("order_id", "event_date", "ordered_at", "quantity", "line_amount", "currency", "is_return"),
            )
            for f in _ORDER
        ),
        Field("is_repeat", "boolean", "Its content equals an earlier line's of its source.", required=True),
    ),
    stage="silver",
    write="replace_days",
    day_column="event_date",
    inputs=(Input(ORDER_RECORDS, deliveries()),),
)

_VALIDITY = (
    Field("valid_from", "date", "The day on which the row became true; it counts for an as_of after it.", required=True),
    Field("valid_to", "date", "The last as_of for which it counts; null while it does."),
)

ACCOUNTS = Table(
    name="silver.accounts",
    grain="one row per account in any fact and validity, an anonymous device too",
    key=("account_id", "valid_from"),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        *_VALIDITY,
        Field("source", "string", "The source that knows it.", required=True),
        Field("basis", "string", "Lawful basis stated by the source.", required=True),
        Field("is_device", "boolean", "An anonymous device, not a login or member.", required=True),
        Field("first_delivery_day", "date", "The first day on which anything of it was delivered.", required=True),
        Field("first_file_digest", "string", "The file of its first record, which orders accounts of one day.", required=True),
        Field("first_position", "long", "Place of its first record in that file.", "records", required=True),
        *(Field(f.name, f.type, f.doc, f.unit, f.privacy) for f in _ACCOUNT if f.name not in ("account_id", "changed_at")),
    ),
    stage="silver",
    write="replace_validity",
    inputs=(
        Input(ACCOUNT_RECORDS, whole()),
        Input(EVENT_RECORDS, whole()),
        Input(ORDER_RECORDS, whole()),
        Input(CONSENT_RECORDS, whole()),
    ),
    parameters=("sources", "business.timezone"),
)

PRODUCTS = Table(
    name="silver.products",
    grain="one row per product and validity",
    key=("product_id", "valid_from"),
    fields=(
        Field("product_id", "string", "The product.", required=True),
        *_VALIDITY,
        *(Field(f.name, f.type, f.doc, f.unit, f.privacy) for f in _PRODUCT if f.name not in ("product_id", "changed_at")),
    ),
    stage="silver",
    write="replace_validity",
    inputs=(Input(PRODUCT_RECORDS, whole()), Input(ORDER_RECORDS, whole()), Input(EVENT_RECORDS, whole())),
    parameters=("business.timezone",),
)

CONSENTS = Table(
    name="silver.consents",
    grain="one row per account, purpose and validity",
    key=("account_id", "purpose", "valid_from"),
    fields=(
        Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True),
        Field("purpose", "string", "What for.", required=True),
        *_VALIDITY,
        Field("is_granted", "boolean", "Granted, or refused or withdrawn.", privacy=Privacy.PERSONAL, required=True),
    ),
    stage="silver",
    write="replace_validity",
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
        Field("key_id", "string", "The key that encrypts it.", required=True),
        Field("delivery_day", "date", "The delivery of this state.", required=True),
    ),
    stage="silver",
    write="replace_whole",
    inputs=(Input(ACCOUNT_RECORDS, whole()), Input(bronze.ACCOUNTS, whole())),
    min_rows=0,  # a source may know nobody's phone or address
    parameters=(
        "sources",
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
        Field("evidence", "string", "What tied it to the group: login, phone, email, device, or alone.", required=True),
        Field("n_accounts", "long", "Accounts of the group in this validity.", "accounts", Privacy.PERSONAL, required=True),
    ),
    stage="silver",
    write="replace_validity",
    inputs=(Input(ACCOUNTS, whole()), Input(EVENT_RECORDS, whole())),
    parameters=("identity.max_accounts_per_key", "identity.max_accounts_per_customer"),
)

SESSIONS = Table(
    name="silver.sessions",
    grain="one row per session of a device or account as seen",
    key=("session_id",),
    fields=(
        Field("session_id", "string", "Digest of source, unit and first event.", privacy=Privacy.PSEUDONYM, required=True),
        Field("session_date", "date", "Business day of its start; a day without a pause cuts it at midnight.", required=True),
        Field("source", "string", "The source of its events.", required=True),
        Field(
            "unit_id",
            "string",
            "The device as seen, or the account where no device is known.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field("account_id", "string", "The last login in it, else the unit.", privacy=Privacy.PSEUDONYM, required=True),
        Field("channel", "string", "Channel of its first event."),
        Field("started_at", "timestamp", "First event.", "UTC", Privacy.PERSONAL, required=True),
        Field("ended_at", "timestamp", "Last event.", "UTC", Privacy.PERSONAL, required=True),
        Field("duration_seconds", "long", "Last minus first event.", "seconds", Privacy.PERSONAL, required=True),
        Field("n_events", "long", "Events.", "events", Privacy.PERSONAL, required=True),
        Field("n_views", "long", "Product views.", "events", Privacy.PERSONAL, required=True),
        Field("n_carts", "long", "Additions to the cart.", "events", Privacy.PERSONAL, required=True),
        Field("n_purchases", "long", "Purchase events.", "events", Privacy.PERSONAL, required=True),
        Field(
            "is_engaged",
            "boolean",
            "Longer than 10 s, or a cart or purchase, or two views.",
            privacy=Privacy.PERSONAL,
            required=True,
        ),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="session_date",
    inputs=(Input(EVENTS, days(before=1, after=1)),),
    parameters=("sessions.gap_minutes", "business.timezone"),
)

INTERACTIONS = Table(
    name="silver.interactions",
    grain="one row per account, product, day and kind",
    key=("event_date", "account_id", "product_id", "kind"),
    fields=(
        Field("event_date", "date", "Business day.", required=True),
        Field("account_id", "string", "The account as seen.", privacy=Privacy.PSEUDONYM, required=True),
        Field("product_id", "string", "The product.", required=True),
        Field("kind", "string", "view, add_to_cart, purchase or rating.", required=True),
        Field(
            "n_events",
            "long",
            "Events; of a purchase order lines, where the source delivers orders.",
            "events",
            Privacy.PERSONAL,
            required=True,
        ),
        Field("rating", "double", "The last rating of the day.", "stars", Privacy.PERSONAL),
        Field("last_at", "timestamp", "The last of them.", "UTC", Privacy.PERSONAL, required=True),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="event_date",
    inputs=(Input(EVENTS, same_day()), Input(ORDER_LINES, same_day())),
    parameters=("sources",),
    min_rows=0,
)

RECORDS = (EVENT_RECORDS, ORDER_RECORDS, ACCOUNT_RECORDS, PRODUCT_RECORDS, CONSENT_RECORDS)
TABLES = (
    *RECORDS,
    REJECTED_RECORDS,
    EVENTS,
    ORDER_LINES,
    PRODUCTS,
    CONSENTS,
    ACCOUNTS,
    CONTACTS,
    IDENTITIES,
    SESSIONS,
    INTERACTIONS,
)
