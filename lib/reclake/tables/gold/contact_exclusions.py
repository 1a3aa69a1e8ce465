"""How many customers a list leaves out, and why."""

from reclake.tables.declaration import Field, Privacy, Table, plain
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION
from .contact_list import CANDIDATES, PURPOSE

CONTACT_EXCLUSIONS = Table(
    name="gold.contact_exclusions",
    grain="one row per as_of_date, purpose, tier and reason for which at least privacy.min_group_size customers are not listed",
    key=("as_of_date", "contact_purpose", "tier", "reason"),
    fields=(
        AS_OF,
        PURPOSE,
        Field(
            "tier",
            "string",
            "Of gold.customer_segments.",
            privacy=Privacy.NONE,
            required=True,
            falls_because="a row counts a group of at least privacy.min_group_size people, and names none of them",
        ),
        plain(
            "reason",
            "string",
            "The first that holds: too_young, age_unknown, refused (or withdrawn, or suspended), no_consent (never stated), "
            "complained (within contacts.rest_days), no_channel (that reaches them), over_cap (contacts.max_contacts).",
            required=True,
        ),
        plain(
            "n_customers",
            "long",
            "Customers, rounded down to whole privacy.min_group_size.",
            "customers",
            required=True,
        ),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=CANDIDATES,
    catalogues=("purposes",),
    parameters=takes(limits="contacts", min_group_size="privacy.min_group_size"),
    may_be_empty="everybody may be listed, or fewer people be left out for a reason than a group needs",
)
