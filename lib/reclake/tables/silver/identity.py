"""Who is who: ties of accounts, keys that are not one person's, what stewards decided, and the customers that follow."""

from dataclasses import replace

from reclake.tables import bronze
from reclake.tables.declaration import Table, personal, plain, pseudonym
from reclake.tables.inputs import Input, takes, whole

from .dimensions import ACCOUNT_ID, ACCOUNTS, IDENTITY_PAIRS, PERSON, VALIDITY
from .records import EVENT_RECORDS

_KEY = (
    plain("key_kind", "string", "What the key is: phone, email, card, union or device.", required=True),
    pseudonym("key", "The keyed token of a phone, an e-mail address, a card or a union id; of a device its anonymous account."),
)

IDENTITY_TIES = Table(
    name="silver.identity_ties",
    grain="one row per key, account, evidence and validity",
    key=("key_kind", "key", "account_id", "evidence", "valid_from"),
    fields=(
        *_KEY,
        ACCOUNT_ID,
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

IDENTITY_DECISIONS = Table(
    name="silver.identity_decisions",
    grain="one row per decision of a steward and pair of accounts that it parts",
    key=("decision_id", "left_account_id", "right_account_id"),
    fields=(
        plain("decision_id", "string", "The decision.", required=True),
        plain("action", "string", "split or never_link.", required=True),
        pseudonym("left_account_id", "An account; of a split one of those that were split off."),
        pseudonym("right_account_id", "An account that is another person's."),
        plain("valid_from", "date", "From when on they are two people; it counts for an as_of after it.", required=True),
        plain("valid_to", "date", "The last as_of for which it counts; null for ever."),
        plain("is_undone", "boolean", "Whether it was taken back: then it counts for no as_of.", required=True),
        personal("author", "string", "Who decided.", required=True),
        replace(personal("reason", "string", "Why, in the author's words.", required=True), is_free_text=True),
        personal("recorded_at", "timestamp", "When.", "UTC", required=True),
        personal("undone_by", "string", "Who took it back."),
    ),
    stage="silver",
    write="replace_whole",
    may_be_empty="bronze may hold nothing but what was taken back",
    stays_because=PERSON,
    inputs=(Input(bronze.IDENTITY_DECISIONS, whole()),),
)

IDENTITIES = Table(
    name="silver.identities",
    grain="one row per account and validity",
    key=("account_id", "valid_from"),
    fields=(
        ACCOUNT_ID,
        pseudonym("customer_id", "The person: named after the earliest-delivered account of the group."),
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
    inputs=(
        Input(ACCOUNTS, whole()),
        Input(IDENTITY_TIES, whole()),
        Input(SHARED_KEYS, whole()),
        # Looked at beside what feeds it: a lake without them has identities.
        Input(IDENTITY_PAIRS, whole(), feeds=False),
        Input(IDENTITY_DECISIONS, whole(), feeds=False),
    ),
    parameters=takes(max_accounts_per_customer="identity.max_accounts_per_customer"),
)

TABLES = (IDENTITY_TIES, SHARED_KEYS, IDENTITY_DECISIONS, IDENTITIES)
