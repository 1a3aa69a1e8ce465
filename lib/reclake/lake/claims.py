"""Claims on (table, output days): one run at a time writes a day, and its number fences off whoever is late."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pyspark.sql import functions as F

from reclake.errors import Overtaken
from reclake.tables import ops

from .store import Store

ALL_DAYS = "*"
TAKEN, RENEWED, RELEASED = "taken", "renewed", "released"  # what became of a claim, as ops.claims says it
Days = Mapping[str, tuple[str, ...]]  # table → ISO days, or ("*",)
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as recorded."""

    token: int
    run_id: str
    holder: str
    days: dict[str, tuple[str, ...]]
    expires_at: datetime

    def overlaps(self, days: Days) -> list[str]:
        """The tables of which both hold a day."""
        return sorted(name for name in self.days.keys() & days.keys() if _meet(self.days[name], days[name]))


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return ALL_DAYS in one or ALL_DAYS in other or bool(set(one) & set(other))


def this_holder() -> str:
    """Host and process of this driver."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this host that has ended; of other hosts nothing is known."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Claims:
    """Takes, checks and releases claims in `ops.claims`."""

    def __init__(self, store: Store, clock: Callable[[], datetime], *, minutes: float, wait_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._minutes = minutes
        self._wait_seconds = wait_seconds
        self._seen: int | None = None  # version of the table that what follows is true of
        self._claims: dict[int, Claim] = {}  # by token: every claim ever taken
        self._released: set[int] = set()

    def take(self, run_id: str, days: Days) -> Claim:
        """Claim the days of all tables at once; waits for others, takes over from the dead and the expired.

        Raises
        ------
        Overtaken
            When another run still holds one of the days after the wait.
        """
        deadline = time.monotonic() + self._wait_seconds
        while True:
            last, active = self._state()
            in_the_way = [(claim, shared) for claim in active if (shared := claim.overlaps(days))]
            if not in_the_way:
                if claim := self._write(last + 1, run_id, days):
                    return claim
                continue
            if time.monotonic() >= deadline:
                other, shared = in_the_way[0]
                raise Overtaken(
                    "another run holds days that this run would write",
                    found=f"run {other.run_id} ({other.holder}) holds {', '.join(shared)} until {other.expires_at:%Y-%m-%d %H:%M} UTC",
                    next_step="wait for it, raise run.claim_wait_seconds, or run again after its claim has expired",
                )
            time.sleep(_POLL_SECONDS)

    def _state(self) -> tuple[int, list[Claim]]:
        """The highest token given, and the claims in force."""
        self._catch_up()
        now = self._clock()
        held = [claim for token, claim in self._claims.items() if token not in self._released]
        return max(self._claims, default=0), [c for c in held if c.expires_at > now and not _is_dead(c.holder)]

    def _catch_up(self) -> None:
        """Read the claims again if another process has written since; one row per claim ever taken: a stage of a run."""
        newest = self._store.newest(ops.CLAIMS)
        if newest is None or newest == self._seen:
            return
        rows = self._store.read(ops.CLAIMS, version=newest)
        latest = F.struct(F.col("action") == RELEASED, "expires_at")  # a renewal only moves the end
        by_token = rows.groupBy("token").agg(
            F.max_by(F.struct("action", "run_id", "holder", "days", "expires_at"), latest).alias("last")
        )
        found = {row["token"]: row["last"] for row in by_token.collect()}
        self._claims = {
            token: Claim(token, last["run_id"], last["holder"], _days(last["days"]), last["expires_at"])
            for token, last in found.items()
        }
        self._released = {token for token, last in found.items() if last["action"] == RELEASED}
        self._seen = newest

    def _write(self, token: int, run_id: str, days: Days) -> Claim | None:
        """Write the claim under the next token; None if another wrote one at the same time."""
        claim = Claim(token, run_id, this_holder(), {n: tuple(d) for n, d in sorted(days.items())}, self._end())
        try:
            return claim if self._record(claim, TAKEN, fence=("claims", token)) else None
        except Overtaken:
            return None  # the first claims of a new lake: each would have made the table

    def _end(self) -> datetime:
        return self._clock() + timedelta(minutes=self._minutes)

    def require_held(self, claim: Claim) -> None:
        """Stop when a newer claim on the same days was taken meanwhile; else renew the claim once half its time is gone.

        Raises
        ------
        Overtaken
            When this claim was taken over.
        """
        self._catch_up()
        for newer in self._claims.values():
            if newer.token > claim.token and (shared := newer.overlaps(claim.days)):
                raise Overtaken(
                    "this run was overtaken",
                    found=f"run {newer.run_id} claimed {', '.join(shared)} since, with token {newer.token} against {claim.token}",
                    next_step="nothing: the newer run builds these days",
                )
        until = self._claims.get(claim.token, claim).expires_at
        if until - self._clock() < timedelta(minutes=self._minutes / 2):
            self._record(replace(claim, expires_at=self._end()), RENEWED)

    def release(self, claim: Claim) -> None:
        """Give the days free."""
        self._record(claim, RELEASED)

    def _record(self, claim: Claim, action: str, *, fence: tuple[str, int] | None = None) -> bool:
        """Write what became of a claim; False if another took its token."""
        row = {
            "token": claim.token,
            "action": action,
            "run_id": claim.run_id,
            "holder": claim.holder,
            "days": json.dumps(claim.days),
            "recorded_at": self._clock(),
            "expires_at": claim.expires_at,
        }
        version = self._store.append(ops.CLAIMS, [row], fence=fence)
        if version is None:
            return False
        if version == (-1 if self._seen is None else self._seen) + 1:  # nothing of others lies in between
            self._seen = version
            self._claims[claim.token] = claim
            if action == RELEASED:
                self._released.add(claim.token)
        return True


def _days(text: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(days) for name, days in json.loads(text).items()}
