"""Who may be contacted for a purpose."""

from reclake.tables import silver
from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE

from ._common import AS_OF, CUSTOMER, RETENTION
from .customer_segments import CUSTOMER_SEGMENTS
from .customer_value import CUSTOMER_VALUE

# What both tables of contacts read to say who may be contacted.
CANDIDATES = (
    PEOPLE,
    Input(silver.ACCOUNTS, valid_at_as_of()),
    Input(silver.SHARED_KEYS, valid_at_as_of()),
    Input(silver.OUTREACH, until_as_of(window="contacts.history_days")),
    Input(CUSTOMER_SEGMENTS, same_day()),
)
PURPOSE = plain("contact_purpose", "string", "What the contact is for: a purpose of conf/purposes.", required=True)

CONTACT_LIST = Table(
    name="gold.contact_list",
    grain="one row per as_of_date, purpose and customer who may be contacted for it",
    key=("as_of_date", "contact_purpose", "customer_id"),
    fields=(
        AS_OF,
        PURPOSE,
        CUSTOMER,
        plain("consent_purpose", "string", "The purpose of consent that the contact rests on.", required=True),
        personal("tier", "string", "Of gold.customer_segments.", required=True),
        personal(
            "priority",
            "long",
            "1 + how many customers of the same purpose and currency have more at risk; equal amounts share it.",
            "rank",
            required=True,
        ),
        personal(
            "contact_channel",
            "string",
            "email, sms, push or call: the channel that did best when it was last used; one that failed comes last.",
            required=True,
        ),
        personal(
            "value_at_risk_amount",
            "decimal(18,4)",
            "What the customer would be worth in the next 12 months times lost_share, in `currency`; null where the spend that "
            "takes its place is beyond what the column holds.",
            "currency",
        ),
        plain("currency", "string", "Of the amount. ISO 4217.", required=True),
        personal(
            "value_basis",
            "string",
            "fitted: of gold.customer_value; past_spend: no value is fitted, and the spend so far takes its place.",
            required=True,
        ),
        personal("lost_share", "double", "Probability that the customer is lost; null where none is known.", "0–1"),
        personal("reason", "string", "Why they are on the list, in English.", required=True),
        personal("reason_zh", "string", "The same in Chinese.", required=True),
        personal(
            "n_recent_contacts",
            "long",
            "Contacts that reached them in the last contacts.window_days, for whatever purpose.",
            "contacts",
            required=True,
        ),
        personal("last_contact_date", "date", "Day of the last contact that reached them; null where none is known."),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(*CANDIDATES, Input(CUSTOMER_VALUE, same_day())),
    catalogues=("purposes",),
    parameters=takes(limits="contacts"),
    may_be_empty="nobody may have agreed to be contacted, or be reachable",
)
