"""Who is who: ties of accounts, keys that are not one person's, the customers that follow, and what they did in one visit."""

from reclake.tables.declaration import Field, Privacy, Table, personal, plain
from reclake.tables.inputs import Input, begun_by_day, days, takes, whole

from .dimensions import ACCOUNTS, PERSON, VALIDITY
from .facts import EVENTS, HISTORY
from .records import EVENT_RECORDS

_ACCOUNT = Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM, required=True)
_KEY = (
    plain("key_kind", "string", "What the key is: phone, email, card, union or device.", required=True),
    Field(
        "key",
        "string",
        "The keyed token of a phone, an e-mail address, a card or a union id; of a device its anonymous account.",
        privacy=Privacy.PSEUDONYM,
        required=True,
    ),
)

IDENTITY_TIES = Table(
    name="silver.identity_ties",
    grain="one row per key, account, evidence and validity",
    key=("key_kind", "key", "account_id", "evidence", "valid_from"),
    fields=(
        *_KEY,
        _ACCOUNT,
        plain(
            "evidence",
            "string",
            "How the account holds the key: by a login on the device; as its record states: phone, email, card, union, device; own: the "
            "device's own account, which is no evidence.",
            required=True,
        ),
        *VALIDITY,
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="nobody may have logged in or stated anything",
    stays_because=PERSON,
    inputs=(Input(ACCOUNTS, whole()), Input(EVENT_RECORDS, whole())),
)

SHARED_KEYS = Table(
    name="silver.shared_keys",
    grain="one row per key that is not one person's",
    key=("key_kind", "key", "valid_from"),
    fields=(
        *_KEY,
        *VALIDITY,
        personal(
            "n_accounts",
            "long",
            "Accounts that had held it by the end of the day on which it became common.",
            "accounts",
            required=True,
        ),
        plain(
            "reason",
            "string",
            "one_shop: two accounts of one source and channel hold it; too_many: more accounts than may.",
            required=True,
        ),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="every key may be one person's",
    stays_because=PERSON,
    inputs=(Input(IDENTITY_TIES, whole()), Input(ACCOUNTS, whole())),
    parameters=takes(max_accounts_per_key="identity.max_accounts_per_key"),
)

IDENTITIES = Table(
    name="silver.identities",
    grain="one row per account and validity",
    key=("account_id", "valid_from"),
    fields=(
        _ACCOUNT,
        Field(
            "customer_id",
            "string",
            "The person: named after the earliest-delivered account of the group.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        *VALIDITY,
        plain(
            "evidence",
            "string",
            "What tied it to the group, the strongest of login, union, card, phone, email, device, linked (a likely pair); alone; too_many: "
            "tied to more accounts than are linked; shared: the anonymous account of a device that many use, which is nobody's.",
            required=True,
        ),
        personal("n_accounts", "long", "Accounts of the group in this validity.", "accounts", required=True),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="there may be no account",
    stays_because=PERSON,
    inputs=(Input(ACCOUNTS, whole()), Input(IDENTITY_TIES, whole()), Input(SHARED_KEYS, whole())),
    parameters=takes(max_accounts_per_customer="identity.max_accounts_per_customer"),
)

IDENTITY_MERGES = Table(
    name="silver.identity_merges",
    grain="one row per customer that became part of another, and day",
    key=("absorbed_customer_id", "valid_from"),
    fields=(
        Field(
            "absorbed_customer_id",
            "string",
            "The customer who is part of another since.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field("customer_id", "string", "The customer whose older name lives on.", privacy=Privacy.PSEUDONYM, required=True),
        plain("valid_from", "date", "The day of the merge; it counts for an as_of after it.", required=True),
        plain(
            "valid_to", "date", "The day on which they came apart again, the last as_of for which it counts; null while it does."
        ),
        plain(
            "evidence", "string", "The tie that joined them: login, union, card, phone, email, device or linked.", required=True
        ),
        plain(
            "key_kind", "string", "What key both held: phone, email, card, union, device; pair of a likely pair.", required=True
        ),
        Field(
            "key",
            "string",
            "The key as in silver.identity_ties; of a pair its two accounts.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field("account_id", "string", "The account on the older side that held it.", privacy=Privacy.PSEUDONYM, required=True),
        Field(
            "absorbed_account_id",
            "string",
            "The account on the other side that held it.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        personal("match_weight", "double", "Weight of a likely pair; null of a tie that is certain.", "bits"),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="nobody may have been found to be one person",
    stays_because=PERSON,
    inputs=(
        Input(ACCOUNTS, whole()),
        Input(IDENTITIES, whole()),
        Input(IDENTITY_TIES, whole()),
        Input(SHARED_KEYS, whole()),
    ),
)

CUSTOMER_NUMBERS = Table(
    name="silver.customer_numbers",
    grain="one row per name that a customer can have",
    key=("customer_number",),
    fields=(
        Field(
            "customer_id",
            "string",
            "The customer; every account may give one its name.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        personal(
            "customer_number",
            "long",
            "1, 2, … without gaps. Once given it stays, and is given to nobody else.",
            "number",
            required=True,
        ),
    ),
    stage="silver",
    write="replace_whole",
    may_be_empty="there may be no account",
    stays_because="a number is given once and for ever; a person's row goes with the person's erasure",
    inputs=(Input(ACCOUNTS, whole()),),
    parameters=takes(earlier="run.earlier"),
    # Which number it is depends on what came first: it is no content to be compared.
    run_columns=("customer_number",),
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
            "The device as seen, or the account as seen where no device is known or many use it.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field(
            "account_id",
            "string",
            "The last login in it, else the unit; on a device that many use the one login of all its events.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
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
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="session_date",
    # Looked at beside the events: a key that becomes common makes no day of its own.
    inputs=(Input(EVENTS, days(before=1, after=1)), Input(SHARED_KEYS, begun_by_day(after=1), feeds=False)),
    may_be_empty="a day may hold machines only, or visits that began the day before",
    parameters=takes(gap_minutes="sessions.gap_minutes", timezone="business.timezone"),
)

TABLES = (IDENTITY_TIES, SHARED_KEYS, IDENTITIES, IDENTITY_MERGES, CUSTOMER_NUMBERS, SESSIONS)
