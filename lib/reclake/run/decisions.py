"""What a steward decides about who is who: records that are appended, and never changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.schema import spark_schema
from reclake.tables import bronze, vocabulary

from .append import append_records
from .application import Application
from .plan import Scope
from .stage_run import open_stage

Pair = tuple[str, str]
_TABLE = bronze.IDENTITY_DECISIONS
_CONTACT = re.compile(f"{vocabulary.EMAIL_IN_TEXT}|{vocabulary.MOBILE_IN_TEXT}")


def part(
    app: Application,
    pairs: Sequence[Pair],
    *,
    action: str,
    author: str,
    reason: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> str:
    """Record that the accounts of each pair are two people; gives the decision's id. The next run acts on it.

    Parameters
    ----------
    action
        split or never_link: how it is listed.
    valid_from
        From when on; for None they never were one person.

    Raises
    ------
    UsageError
        When the decision says nothing: no author or reason, no pair, or a validity that ends before it begins.
    """
    _require_told(author, reason)
    since = valid_from or vocabulary.EARLIEST
    if valid_to is not None and valid_to <= since:
        raise UsageError("the decision would end before it begins", f"from {since} to {valid_to}", "name a later --to")
    if not pairs or any(left == right for left, right in pairs):
        raise UsageError("an account cannot be parted from itself", f"{len(pairs)} pairs", "name two accounts")
    decision_id = uuid4().hex[:12]
    told = {"decision_id": decision_id, "action": action, "valid_from": since, "valid_to": valid_to}
    rows = [told | {"left_account_id": left, "right_account_id": right} for left, right in sorted(set(pairs))]
    _append(app, rows, author=author, reason=reason)
    return decision_id


def undo(app: Application, decision_id: str, *, author: str, reason: str) -> str:
    """Record that a decision is taken back, as if it had never been made; gives the id of this record.

    Raises
    ------
    UsageError
        When there is no such decision, or it was taken back before.
    """
    _require_told(author, reason)
    actions = _actions_about(app, decision_id)
    if not actions - {"undo"}:
        raise UsageError(f"there is no decision {decision_id}", "no record of it", "reclake identity decisions lists them")
    if "undo" in actions:
        raise UsageError(
            f"{decision_id} was taken back before", "it counts for no as_of", "decide anew where it was right after all"
        )
    undo_id = uuid4().hex[:12]
    _append(app, [{"decision_id": undo_id, "action": "undo", "undoes": decision_id}], author=author, reason=reason)
    return undo_id


def _actions_about(app: Application, decision_id: str) -> set[str]:
    """What the records of a decision are: split or never_link, and undo if it was taken back."""
    published = app.manifest.current()
    if _TABLE.name not in published:
        return set()
    rows = app.read(_TABLE, version=published[_TABLE.name].version, published=published)
    is_its_own = (F.col("decision_id") == decision_id) & (F.col("action") != "undo")
    about = rows.where(is_its_own | (F.col("undoes") == decision_id))
    return {row["action"] for row in about.select("action").distinct().collect()}


def _require_told(author: str, reason: str) -> None:
    if not author.strip() or not reason.strip():
        raise UsageError(
            "a decision has an author and a reason", "one of them is empty", "name them: --author NAME --reason TEXT"
        )
    if _CONTACT.search(f"{author} {reason}"):
        raise UsageError("a reason holds no contact data", "it names a phone or an e-mail address", "write it without")


def _append(app: Application, rows: Sequence[dict[str, Any]], *, author: str, reason: str) -> None:
    told = {"author": author.strip(), "reason": reason.strip(), "recorded_at": app.clock()}
    schema = spark_schema(_TABLE)
    filled = [tuple((told | row).get(name) for name in schema.names) for row in rows]
    app.ledger.load()
    with open_stage(app, _TABLE.stage, app.planner(Scope()), {_TABLE.name: (ALL_DAYS,)}) as run:
        app.reporter.finished(append_records(run, _TABLE, app.spark.createDataFrame(filled, schema), source=None))
