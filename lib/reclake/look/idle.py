"""Whether a run has nothing to do, found without Spark: most runs of a day that is done have not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date
from typing import Any

from reclake import tables
from reclake.privacy.keys import check_keys
from reclake.run.id_rules import require_rules_can_change
from reclake.run.opened import located
from reclake.run.report import TableReport, idle_report
from reclake.run.scope import scope_of
from reclake.run.untaken_rows import rows_of, still_holds
from reclake.sources.found import Waiting
from reclake.sources.sorting import offered_locally
from reclake.sources.source import Source
from reclake.tables import bronze

from .engine import is_read_without_spark
from .lake import Look
from .waiting import decided_on, listed, place_of


def idle_reports(look: Look, **asked: Any) -> list[TableReport] | None:
    """What a run of all stages would report, where it would build and note nothing; None where a run must look itself.

    It never says so wrongly: whatever is not certain here is left to the run, which decides anew by what Spark reads.

    Parameters
    ----------
    asked
        What the run is asked for, as `scope_of` takes it.

    Raises
    ------
    LakeDamaged
        When what is read is not what was published.
    SecretMissing
        When a key that a run needs is missing or unfit.
    UsageError
        When a landing folder does not exist, or a source states another rule for its ids and raw records are gone.
    """
    # First the manifest, then the ledger: what another run publishes in between is known to the ledger, and shows as unpublished.
    published = look.reader.published
    ledger, scope = look.lake.ledger, scope_of(look.lake, **asked)
    if scope.force or not _is_at_hand(look) or _has_retention(look):
        return None
    takes_in = scope.tables is None  # a run of some tables takes nothing in
    if takes_in and not all(_is_taken_in(look, source, days=scope.delivery_days) for _, source in sorted(look.sources.items())):
        return None
    planner = look.lake.planner(scope)
    if require_rules_can_change(ledger, look.sources) or any(planner.work(table).reasons for table in tables.GATED):
        return None
    if any(ledger.unpublished(table, published) is not None for table in tables.GATED):
        return None
    keys = look.settings.privacy.id_key_id, look.settings.privacy.contact_key_id
    check_keys(located(look.home, look.settings.secrets.directory), keys)  # as a run does before it looks
    built = (table for stage in (tables.STAGES if takes_in else tables.STAGES[1:]) for table in tables.of_stage(stage))
    return [idle_report(ledger, table, is_asked=planner.is_asked(table)) for table in built]


def _is_at_hand(look: Look) -> bool:
    """Whether the lake and the landing folders are read without Spark, and no view has to follow."""
    is_local = "://" not in located(look.home, look.settings.landing.root)
    return is_local and is_read_without_spark(look.reader.root) and not look.settings.bi.renew_views


def _has_retention(look: Look) -> bool:
    """Whether raw records go by age: what may then still be taken in is for the run to say."""
    return bool(look.settings.retention.raw_days) or any(look.lake.ledger.expired(table) for table in bronze.TABLES)


def _is_taken_in(look: Look, source: Source, *, days: Collection[date] | None) -> bool:
    """Whether every complete file of the days was decided on as it lies there, and the newest listing names all others."""
    folder = f"{located(look.home, look.settings.landing.root)}/{source.name}"
    offered, left = offered_locally(source, folder, now=look.clock().replace(tzinfo=UTC))  # as file times are
    decided = decided_on(look, source)
    wanted = (file for file in offered if file.day is None or days is None or file.day in days)
    if any(place_of(file) not in decided for file in wanted):
        return False
    refused = [Waiting(file.name, reason, "refused") for file in offered if (reason := decided.get(place_of(file))) is not None]
    return still_holds(listed(look, source), rows_of(source, [*left, *refused]), now=look.clock())
