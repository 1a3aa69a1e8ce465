"""Contact tokens are comparable only under one key."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken

_KEY_ID = r"^([a-z][a-z0-9_]*):"
_NAMED_AT_MOST = 5
CONTACT_TOKENS = ("phone_token", "email_token", "card_token", "union_token")


def require_one_contact_key(accounts: DataFrame) -> None:
    """Stop when contact tokens were made with more than one key: a rotation that has not reached all days.

    Two tokens of one phone under two keys look like two phones. That parts accounts that belong together, and a phone
    of too many accounts to link anyone falls into two that few enough have, which would link strangers.

    Runs one small Spark job.

    Raises
    ------
    ContractBroken
        With the names of the keys.
    """
    tokens = accounts.select(F.explode(F.array(*CONTACT_TOKENS)).alias("token"))
    key_ids = tokens.select(F.regexp_extract("token", _KEY_ID, 1).alias("key_id")).where("key_id <> ''").distinct()
    found = sorted(row["key_id"] for row in key_ids.limit(_NAMED_AT_MOST).collect())
    if len(found) > 1:
        raise ContractBroken(
            "silver.accounts holds contact tokens of more than one key",
            found=f"keys {', '.join(found)}",
            next_step="run all days (reclake run without a day), so that every token is of privacy.contact_key_id",
        )
