"""How a run ends in which tables were stopped: the causes first, and what merely waits for them counted apart."""

from __future__ import annotations

from collections.abc import Mapping

from reclake.errors import BuildBroken, ReclakeError, StageStopped

_SEVERAL = "reclake show ops.gate_results holds every verdict; mend the causes and run the day again"


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
    hints = {reason.args[2] for reason in causes.values()}
    error = StageStopped(
        f"{next(iter(causes))} is stopped" if len(causes) == 1 else f"{len(causes)} tables are stopped",
        found="; ".join([
            *(f"{name}: {reason.args[1]}" for name, reason in causes.items()),
            *_waiting(len(stopped) - len(causes)),
        ]),
        next_step=hints.pop() if len(hints) == 1 else _SEVERAL,
    )
    codes = {reason.exit_code for reason in stopped.values()}
    error.exit_code = BuildBroken.exit_code if BuildBroken.exit_code in codes else max(codes)
    raise error


def _waiting(n_tables: int) -> list[str]:
    if not n_tables:
        return []
    return [f"{n_tables} more {'table waits' if n_tables == 1 else 'tables wait'} for what is stopped"]
