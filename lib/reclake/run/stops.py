"""How a run ends in which tables were stopped: the causes first, and what merely waits for them counted apart."""

from __future__ import annotations

from collections.abc import Mapping

from reclake.errors import BuildBroken, ReclakeError, StageStopped

_SEVERAL = "reclake show ops.gate_results holds every verdict; mend the causes and run the day again"
_NAMED = 3  # different hints that are given, each with its table


def require_nothing_stopped(stopped: Mapping[str, ReclakeError]) -> None:
    """End a run red when a table was stopped: with exit code 1 after a fault, 4 if a delivery was refused, else 3.

    Raises
    ------
    StageStopped
        When there is one; it names what stopped each, and with a single cause what mends it.
    """
    if not stopped:
        return
    # A table that reads a stopped one says nothing of its own.
    causes = {name: reason for name, reason in stopped.items() if not isinstance(reason, StageStopped)} or dict(stopped)
    error = StageStopped(
        f"{next(iter(causes))} is stopped" if len(causes) == 1 else f"{len(causes)} tables are stopped",
        found="; ".join([
            *(f"{name}: {reason.args[1]}" for name, reason in causes.items()),
            *_waiting(len(stopped) - len(causes)),
        ]),
        next_step=_hint(causes),
    )
    codes = {reason.exit_code for reason in stopped.values()}
    error.exit_code = BuildBroken.exit_code if BuildBroken.exit_code in codes else max(codes)
    raise error


def _hint(causes: Mapping[str, ReclakeError]) -> str:
    """What each cause says itself of mending it, as long as a person can take that up."""
    table_of: dict[str, str] = {}
    for name, reason in causes.items():
        table_of.setdefault(str(reason.args[2]), name)
    if len(table_of) == 1:
        return next(iter(table_of))
    return "; ".join(f"{name}: {hint}" for hint, name in table_of.items()) if len(table_of) <= _NAMED else _SEVERAL


def _waiting(n_tables: int) -> list[str]:
    if not n_tables:
        return []
    return [f"{n_tables} more {'table waits' if n_tables == 1 else 'tables wait'} for what is stopped"]
