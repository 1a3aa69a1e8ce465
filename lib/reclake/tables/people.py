"""Who the accounts belong to, and what may be done with what they did: what every table that counts people reads."""

from . import silver
from .inputs import Input, Shared, takes, valid_at_as_of

PEOPLE = Shared(
    name="people",
    grain="one row per account at the as_of: its customer, and what that customer is open to",
    module="identity.people",
    inputs=(
        Input(silver.IDENTITIES, valid_at_as_of()),
        Input(silver.ACCOUNTS, valid_at_as_of()),
        Input(silver.CONSENTS, valid_at_as_of()),
    ),
    parameters=takes(min_age="privacy.min_age"),
)
