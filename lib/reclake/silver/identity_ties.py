"""silver.identity_ties: what each account holds that says who it belongs to."""

from pyspark.sql import DataFrame

from reclake.identity.known import known_accounts
from reclake.identity.rotation import require_one_contact_key
from reclake.identity.ties import login_ties, own_ties, stated_ties


def identity_ties(accounts: DataFrame, event_records: DataFrame) -> DataFrame:
    """One row per key, account, evidence and validity (identity/ties.py).

    Raises
    ------
    ContractBroken
        When the accounts' tokens are of more than one key.
    """
    require_one_contact_key(accounts)
    return stated_ties(accounts).unionByName(login_ties(event_records)).unionByName(own_ties(known_accounts(accounts)))
