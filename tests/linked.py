"""The tables of who is who, built one after the other from accounts and logins, as a run does it."""

from frames import frame
from reclake.lake.schema import conform
from reclake.silver.identities import identities
from reclake.silver.identity_conflicts import identity_conflicts
from reclake.silver.identity_decisions import identity_decisions
from reclake.silver.identity_merges import identity_merges
from reclake.silver.identity_ties import identity_ties
from reclake.silver.shared_keys import shared_keys
from reclake.tables import bronze, silver


def linked(spark, accounts, logins=(), decisions=(), pairs=(), *, max_accounts_per_key=5, max_accounts_per_customer=50):
    """Noun → frame, computed once.

    Parameters
    ----------
    accounts, logins, decisions, pairs
        Rows of silver.accounts, silver.event_records, bronze.identity_decisions and silver.identity_pairs.
    """
    known = frame(spark, silver.ACCOUNTS, *accounts)
    likely = frame(spark, silver.IDENTITY_PAIRS, *pairs)
    ties = _kept(identity_ties(known, frame(spark, silver.EVENT_RECORDS, *logins)), silver.IDENTITY_TIES)
    shared = _kept(shared_keys(ties, known, max_accounts_per_key=max_accounts_per_key), silver.SHARED_KEYS)
    decided = _kept(identity_decisions(frame(spark, bronze.IDENTITY_DECISIONS, *decisions)), silver.IDENTITY_DECISIONS)
    rows = _kept(
        identities(known, ties, shared, likely, decided, max_accounts_per_customer=max_accounts_per_customer), silver.IDENTITIES
    )
    return {
        "identity_ties": ties,
        "shared_keys": shared,
        "identity_decisions": decided,
        "identities": rows,
        "identity_merges": conform(identity_merges(known, rows, ties, shared, likely), silver.IDENTITY_MERGES),
        "identity_conflicts": conform(identity_conflicts(known, rows, likely, decided), silver.IDENTITY_CONFLICTS),
    }


def _kept(built, table):
    return conform(built, table).localCheckpoint()
