"""What is true of accounts, products, consents and contacts, and since when."""

from reclake.tables import bronze
from reclake.tables.declaration import Field, Privacy, Table, personal, plain, pseudonym
from reclake.tables.inputs import Each, Input, takes, whole

from .facts import EVENTS
from .records import (
    ACCOUNT,
    ACCOUNT_RECORDS,
    CONSENT_RECORDS,
    EVENT_RECORDS,
    PRODUCT,
    PRODUCT_RECORDS,
    RECORDS,
    STOCK,
    STOCK_RECORDS,
)

# Why rows stay as long as the lake (docs/decisions/0022).
PERSON = "it is made from all records; a person's rows go with the person's erasure"

ACCOUNT_ID = pseudonym("account_id", "The account.")
VALIDITY = (
    plain("valid_from", "date", "The day on which the row became true; it counts for an as_of after it.", required=True),
    plain("valid_to", "date", "The last as_of for which it counts; null while it does."),
)

# Records that name an account without being an event, whose machines are known in silver.events only.
NAMING_ACCOUNTS = tuple(
    table for table in RECORDS if table != EVENT_RECORDS and any(field.name == "account_id" for field in table.fields)
)
# Records of days on which somebody had to do with a product.
NAMING_PRODUCTS = tuple(
    table for table in RECORDS if table.source_day_column and any(field.name == "product_id" for field in table.fields)
)

ACCOUNTS = Table(
    name="silver.accounts",
    grain="one row per account in any fact and validity, an anonymous device too",
    key=("account_id", "valid_from"),
    fields=(
        ACCOUNT_ID,
        *VALIDITY,
        plain("source", "string", "The source that knows it.", required=True),
        plain("basis", "string", "Lawful basis stated by the source.", required=True),
        plain("is_device", "boolean", "An anonymous device, not a login or member.", required=True),
        plain("is_machine", "boolean", "Whether nothing but the events of machines names it; no customer then.", required=True),
        plain("first_delivery_day", "date", "The first day on which anything of it was delivered.", required=True),
        plain("first_file_digest", "string", "The file of its first record, which orders accounts of one day.", required=True),
        plain("first_position", "long", "Place of its first record in that file.", "records", required=True),
        *(Field(f.name, f.type, f.doc, f.unit, privacy=f.privacy) for f in ACCOUNT if f.name not in ("account_id", "changed_at")),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="every line may be a guest's, who has no account",
    stays_because=PERSON,
    inputs=(Each("records", NAMING_ACCOUNTS, whole()), Input(EVENTS, whole())),
    catalogues=("sources",),
    parameters=takes(timezone="business.timezone"),
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
        *VALIDITY,
        personal("product_name", "string", "Name shown to customers; of a product that no catalogue has, as a till typed it."),
        *(
            Field(f.name, f.type, f.doc, f.unit, privacy=f.privacy)
            for f in PRODUCT
            if f.name not in ("product_id", "product_name", "changed_at")
        ),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="no line may name a product",
    stays_because="it says nothing of a person, and is made from all records",
    inputs=(Input(PRODUCT_RECORDS, whole()), Each("facts", NAMING_PRODUCTS, whole())),
    catalogues=("sources",),
    parameters=takes(timezone="business.timezone"),
)

_IS_RECALLED = "Whether it was called back, and must not be sold or shown; false where nothing says so."

STOCK_STATES = Table(
    name="silver.stock",
    grain="one row per product whose stock is told and validity",
    key=("product_id", "valid_from"),
    fields=(
        plain("product_id", "string", "The product.", required=True),
        *VALIDITY,
        plain("is_in_stock", "boolean", "Whether it can be sold; null where only a recall is told."),
        *(f for f in STOCK if f.name == "n_available"),
        plain("is_recalled", "boolean", _IS_RECALLED, required=True),
    ),
    stage="silver",
    write="replace_validity",
    may_be_empty="every record may have been refused",
    stays_because="it says nothing of a person, and is made from all records",
    inputs=(Input(STOCK_RECORDS, whole()),),
    catalogues=("sources",),
    parameters=takes(timezone="business.timezone"),
)

CONSENTS = Table(
    name="silver.consents",
    grain="one row per account, purpose and validity",
    key=("account_id", "purpose", "valid_from"),
    fields=(
        ACCOUNT_ID,
        plain("purpose", "string", "What for.", required=True),
        *VALIDITY,
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
    parameters=takes(timezone="business.timezone"),
)

CONTACTS = Table(
    name="silver.contacts",
    grain="one row per account with contact data: what it holds at last (restricted)",
    key=("account_id",),
    fields=(
        ACCOUNT_ID,
        Field(
            "phone_encrypted",
            "binary",
            "AES-SIV of the normalised phone, bound to table, column and account.",
            privacy=Privacy.CONTACT,
        ),
        Field("email_encrypted", "binary", "AES-SIV of the normalised e-mail address.", privacy=Privacy.CONTACT),
        Field("name_encrypted", "binary", "AES-SIV of the name as written.", privacy=Privacy.CONTACT),
        Field("address_encrypted", "binary", "AES-SIV of the postal address.", privacy=Privacy.CONTACT),
        Field("card_encrypted", "binary", "AES-SIV of the normalised number of a loyalty card.", privacy=Privacy.CONTACT),
        Field("union_encrypted", "binary", "AES-SIV of the id across the apps of one platform.", privacy=Privacy.CONTACT),
        plain("key_id", "string", "The key that encrypts it.", required=True),
        plain("delivery_day", "date", "The last delivery of a state that it is made from.", required=True),
    ),
    stage="silver",
    write="replace_whole",
    stays_because=PERSON,
    inputs=(Input(ACCOUNT_RECORDS, whole()), Input(bronze.ACCOUNTS, whole())),
    may_be_empty="a source may know nobody's phone or address",
    catalogues=("sources",),
    parameters=takes(
        contact_key_id="privacy.contact_key_id",
        default_region="privacy.default_region",
        directory="secrets.directory",
        max_record_bytes="landing.max_record_bytes",
        max_depth="landing.max_depth",
    ),
)

# What is compared, in the order of identity.linkage.accounts.
_COMPARED = {
    "name": "the name in Chinese signs",
    "latin_name": "the name in another script",
    "phone": "the phone number, verified or not",
    "email": "the part of the e-mail address before the @",
    "address": "the street and house of the postal address",
    "birth_year": "the year of birth",
    "gender": "the gender",
    "region": "the region",
}

IDENTITY_PAIRS = Table(
    name="silver.identity_pairs",
    grain="one row per pair of accounts that may be one person's by what they say of themselves",
    key=("left_account_id", "right_account_id"),
    fields=(
        pseudonym("left_account_id", "The smaller of the two accounts."),
        pseudonym("right_account_id", "The larger one."),
        plain("valid_from", "date", "The first day on which both states that agree were known.", required=True),
        personal("match_weight", "double", "How strongly they agree: the sum of the weights below.", "bits", required=True),
        personal("match_probability", "double", "How likely they are one person's, 0 to 1.", required=True),
        personal(
            "is_linked", "boolean", "Whether it is as likely as a link must be: linkage.min_match_probability.", required=True
        ),
        *(
            personal(
                f"level_{name}",
                "integer",
                f"How {text} agrees: 1 different, 2 similar, 3 close, 5 equal; null where one has none.",
                "level",
            )
            for name, text in _COMPARED.items()
        ),
        *(
            personal(
                f"weight_{name}", "double", f"What that says; agreement on a rare value says more: {text}.", "bits", required=True
            )
            for name, text in _COMPARED.items()
        ),
        plain("model_version", "string", "The weights: of a fitted model, or default, those of the settings.", required=True),
    ),
    stage="silver",
    write="replace_whole",
    stays_because=PERSON,
    inputs=(Input(ACCOUNT_RECORDS, whole()), Input(bronze.ACCOUNTS, whole())),
    may_be_empty="no two accounts may be alike",
    catalogues=("sources",),
    parameters=takes(
        "linkage",
        timezone="business.timezone",
        contact_key_id="privacy.contact_key_id",
        default_region="privacy.default_region",
        directory="secrets.directory",
        max_record_bytes="landing.max_record_bytes",
        max_depth="landing.max_depth",
    ),
)

TABLES = (PRODUCTS, STOCK_STATES, CONSENTS, ACCOUNTS, CONTACTS, IDENTITY_PAIRS)
