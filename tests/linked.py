"""The tables of who is who, built one after the other from accounts and logins, as a run does it."""

from frames import frame
from reclake.lake.schema import conform
from reclake.silver.identities import identities
from reclake.silver.identity_decisions import identity_decisions
from reclake.silver.identity_merges import identity_merges
from reclake.silver.identity_ties import identity_ties
from reclake.silver.shared_keys import shared_keys
from reclake.tables import bronze, silver


def linked(spark, accounts, logins=(), decisions=(), *, max_accounts_per_key=5, max_accounts_per_customer=50):
    """Noun → frame, computed once.

    Parameters
    ----------
    accounts, logins, decisions
        Rows of silver.accounts, silver.event_records and bronze.identity_decisions, or a frame of them.
    """
    known = _frame(spark, silver.ACCOUNTS, accounts)
    ties = _kept(identity_ties(known, _frame(spark, silver.EVENT_RECORDS, logins)), silver.IDENTITY_TIES)
    shared = _kept(shared_keys(ties, known, max_accounts_per_key=max_accounts_per_key), silver.SHARED_KEYS)
    decided = _kept(identity_decisions(_frame(spark, bronze.IDENTITY_DECISIONS, decisions)), silver.IDENTITY_DECISIONS)
    rows = _kept(identities(known, ties, shared, decided, max_accounts_per_customer=max_accounts_per_customer), silver.IDENTITIES)
    return {
        "identity_ties": ties,
        "shared_keys": shared,
        "identity_decisions": decided,
        "identities": rows,
        "identity_merges": conform(identity_merges(known, rows, ties, shared), silver.IDENTITY_MERGES),
    }


def _frame(spark, table, rows):
    return rows if hasattr(rows, "columns") else frame(spark, table, *rows)


def _kept(built, table):
    return conform(built, table).localCheckpoint()
