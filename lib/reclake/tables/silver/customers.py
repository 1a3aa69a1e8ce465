"""What became of customers: who is part of whom, and the number of each."""

from reclake.tables.declaration import Table, personal, plain, pseudonym
from reclake.tables.inputs import Input, takes, whole

from .dimensions import ACCOUNTS, IDENTITY_PAIRS, PERSON
from .identity import IDENTITIES, IDENTITY_DECISIONS, IDENTITY_TIES, SHARED_KEYS

IDENTITY_MERGES = Table(
    name="silver.identity_merges",
    grain="one row per customer that became part of another, and day",
    key=("absorbed_customer_id", "valid_from"),
    fields=(
        pseudonym("absorbed_customer_id", "The customer who is part of another since."),
        pseudonym("customer_id", "The customer whose older name lives on."),
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
        pseudonym("key", "The key as in silver.identity_ties; of a pair its two accounts."),
        pseudonym("account_id", "The account on the older side that held it."),
        pseudonym("absorbed_account_id", "The account on the other side that held it."),
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
        Input(IDENTITY_PAIRS, whole(), feeds=False),
    ),
)

IDENTITY_CONFLICTS = Table(
    name="silver.identity_conflicts",
    grain="one row per likely pair of accounts that are two customers now",
    key=("left_account_id", "right_account_id"),
    fields=(
        pseudonym("left_account_id", "The smaller of the two accounts."),
        pseudonym("right_account_id", "The larger one."),
        plain("valid_from", "date", "The day on which both states that agree were known.", required=True),
        personal("match_weight", "double", "How strongly they agree.", "bits", required=True),
        personal(
            "reason",
            "string",
            "decided: a steward parted them; one_shop: both customers have an account of one source and channel; too_many: together "
            "they would have more accounts than one person may.",
            required=True,
        ),
    ),
    stage="silver",
    write="replace_whole",
    may_be_empty="every likely pair may be one person",
    stays_because=PERSON,
    inputs=(
        Input(ACCOUNTS, whole()),
        Input(IDENTITIES, whole()),
        Input(IDENTITY_PAIRS, whole()),
        Input(IDENTITY_DECISIONS, whole(), feeds=False),
    ),
)

CUSTOMER_NUMBERS = Table(
    name="silver.customer_numbers",
    grain="one row per name that a customer can have",
    key=("customer_number",),
    fields=(
        pseudonym("customer_id", "The customer; every account may give one its name."),
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

TABLES = (IDENTITY_MERGES, IDENTITY_CONFLICTS, CUSTOMER_NUMBERS)
