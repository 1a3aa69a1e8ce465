"""How a run ends in which tables were stopped: the causes first, and what merely waits counted apart."""

from __future__ import annotations

from collections.abc import Mapping

from reclake.errors import BuildBroken, ReclakeError, StageStopped

from .waits import NotBuilt

_SEVERAL = "reclake show ops.gate_results holds every verdict; mend the causes and run the day again"
_NAMED = 3  # different hints that are given, each with its table; and tables that wait


def require_nothing_stopped(stopped: Mapping[str, ReclakeError]) -> None:
    """End a run red when a table was stopped: with exit code 1 after a fault, 4 if a delivery was refused, else 3.

    Raises
    ------
    StageStopped
        When there is one; it names what stopped each, and with a single cause what mends it.
    """
    if not stopped:
        return
    # A table that waits for another says nothing of its own, unless the other was not built by this run.
    causes = {name: reason for name, reason in stopped.items() if not isinstance(reason, StageStopped)}
    waiting = {name: reason for name, reason in stopped.items() if isinstance(reason, StageStopped)}
    error = _by_causes(causes, waiting) if causes else _by_waiting(waiting)
    codes = {reason.exit_code for reason in stopped.values()}
    error.exit_code = BuildBroken.exit_code if BuildBroken.exit_code in codes else max(codes)
    raise error


def _by_causes(causes: Mapping[str, ReclakeError], waiting: Mapping[str, ReclakeError]) -> StageStopped:
    return StageStopped(
        f"{next(iter(causes))} is stopped" if len(causes) == 1 else f"{len(causes)} tables are stopped",
        found="; ".join([*(f"{name}: {reason.args[1]}" for name, reason in causes.items()), *_waiting(waiting)]),
        next_step=_hint(causes),
    )


def _by_waiting(waiting: Mapping[str, ReclakeError]) -> StageStopped:
    """Of a run that stopped nothing: what its tables wait for was stopped, or not built, before it."""
    names = list(waiting)
    messages = [f"{name}: {waiting[name].args[1]}" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        messages.append(f"and {len(names) - _NAMED} more")
    return StageStopped(
        f"{names[0]} is not built" if len(names) == 1 else f"{len(names)} tables are not built",
        found="; ".join(messages),
        next_step=_hint(waiting),
    )


def _hint(causes: Mapping[str, ReclakeError]) -> str:
    """What each cause says itself of mending it, as long as a person can take that up."""
    table_of: dict[str, str] = {}
    for name, reason in causes.items():
        table_of.setdefault(str(reason.args[2]), name)
    if len(table_of) == 1:
        return next(iter(table_of))
    return "; ".join(f"{name}: {hint}" for hint, name in table_of.items()) if len(table_of) <= _NAMED else _SEVERAL


def _waiting(waiting: Mapping[str, ReclakeError]) -> list[str]:
    """How many tables wait; for what is stopped, unless one of them only waits for another to be built."""
    if not waiting:
        return []
    is_all_stopped = all(not isinstance(reason, NotBuilt) or reason.root.is_stopped for reason in waiting.values())
    what = "for what is stopped" if is_all_stopped else "for others, as their messages say"
    return [f"{len(waiting)} more {'table waits' if len(waiting) == 1 else 'tables wait'} {what}"]
