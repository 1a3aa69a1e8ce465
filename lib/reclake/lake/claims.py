"""Claims on (table, output days): one run at a time writes a day, and its number fences off whoever is late."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from delta.exceptions import ConcurrentTransactionException
from pyspark.sql import functions as F

from reclake.errors import Overtaken
from reclake.tables import ops

from .store import Store

ALL_DAYS = "*"
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
        self._seen: int | None = None

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
        self._seen = self._store.newest(ops.CLAIMS)
        if self._seen is None:
            return 0, []
        rows = self._store.read(ops.CLAIMS, version=self._seen)
        by_token = rows.groupBy("token").agg(
            F.max_by(F.struct("action", "run_id", "holder", "days", "expires_at"), F.col("action") != "taken").alias("last")
        )
        found = by_token.collect()  # one row per claim ever taken: a stage of a run
        now = self._clock()
        taken = [
            Claim(
                row["token"], row["last"]["run_id"], row["last"]["holder"], _days(row["last"]["days"]), row["last"]["expires_at"]
            )
            for row in found
            if row["last"]["action"] == "taken"
        ]
        active = [claim for claim in taken if claim.expires_at > now and not _is_dead(claim.holder)]
        return max((row["token"] for row in found), default=0), active

    def _write(self, token: int, run_id: str, days: Days) -> Claim | None:
        """Write the claim under the next token; None if another took that token."""
        now = self._clock()
        claim = Claim(
            token, run_id, this_holder(), {n: tuple(d) for n, d in sorted(days.items())}, now + timedelta(minutes=self._minutes)
        )
        try:
            self._record(claim, "taken", fence=("claims", token))
        except ConcurrentTransactionException:
            return None
        self._seen = self._store.newest(ops.CLAIMS)
        rows = self._store.read_newest(ops.CLAIMS).where((F.col("token") == token) & (F.col("action") == "taken"))
        # One writer after the other: the second is skipped without a word, so who won is read back.
        winners = {(row["run_id"], row["holder"]) for row in rows.select("run_id", "holder").collect()}
        return claim if winners == {(run_id, claim.holder)} else None

    def require_held(self, claim: Claim) -> None:
        """Stop when a newer claim on the same days was taken meanwhile.

        Raises
        ------
        Overtaken
            When this claim was taken over.
        """
        newest = self._store.newest(ops.CLAIMS)
        if newest == self._seen:
            return
        rows = self._store.read_newest(ops.CLAIMS).where((F.col("token") > claim.token) & (F.col("action") == "taken"))
        for row in rows.select("token", "run_id", "days").collect():
            newer = Claim(row["token"], row["run_id"], "", _days(row["days"]), claim.expires_at)
            if shared := newer.overlaps(claim.days):
                raise Overtaken(
                    "this run was overtaken",
                    found=f"run {newer.run_id} claimed {', '.join(shared)} since, with token {newer.token} against {claim.token}",
                    next_step="nothing: the newer run builds these days",
                )
        self._seen = newest

    def release(self, claim: Claim) -> None:
        """Give the days free."""
        self._record(claim, "released")

    def _record(self, claim: Claim, action: str, *, fence: tuple[str, int] | None = None) -> None:
        row = {
            "token": claim.token,
            "action": action,
            "run_id": claim.run_id,
            "holder": claim.holder,
            "days": json.dumps(claim.days),
            "recorded_at": self._clock(),
            "expires_at": claim.expires_at,
        }
        self._store.append(ops.CLAIMS, [row], fence=fence)


def _days(text: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(days) for name, days in json.loads(text).items()}
