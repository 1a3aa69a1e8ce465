"""How refused statements of consent are told; needs no Spark."""

NEXT_STEP = "each may be a withdrawal: reclake rejected shows why, once silver.rejected_records is built"


def sentence(n_refused: int, *, n_accounts: int, n_unnamed: int) -> str:
    """How many consents of one delivery were refused, and whom they name.

    Examples
    --------
    >>> sentence(3, n_accounts=1, n_unnamed=2)
    '3 refused, 1 account named, 2 name no account that can be read'
    >>> sentence(1, n_accounts=0, n_unnamed=1)
    '1 refused, 1 names no account that can be read'
    """
    parts = [f"{n_refused:,} refused"]
    if n_accounts:
        parts.append(f"{n_accounts:,} account{'' if n_accounts == 1 else 's'} named")
    if n_unnamed:
        parts.append(f"{n_unnamed:,} name{'s' if n_unnamed == 1 else ''} no account that can be read")
    return ", ".join(parts)
