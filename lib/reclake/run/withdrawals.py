"""Customers who may no longer be profiled leave the model that serves before it serves again."""

from __future__ import annotations

import logging
from datetime import date, timedelta

from reclake.errors import Overtaken
from reclake.lake.claims import ALL_DAYS
from reclake.lake.files import Files
from reclake.privacy.consent import customers_open_to
from reclake.recommend.withdrawals import not_allowed, withdrawn
from reclake.tables import silver
from reclake.tables.models import Model

from .application import Application
from .published_inputs import published_or_empty

logger = logging.getLogger("reclake")


def leave_out_withdrawn(app: Application, model: Model, version: int, *, as_of: date) -> int:
    """Remove the rows of those who may not be profiled from the model's files; gives how many customers that were.

    What counts is all that is published now, of today or of `as_of` if that is later: who withdrew today leaves the model
    though yesterday is scored. The version notes when the first one withdrew, which the next training reads. While a training
    is at work, which reads these files, nothing is removed: the next run does it. Lists show them nothing personal in any case.
    """
    published = app.manifest.current()
    if silver.IDENTITIES.name not in published:
        return 0
    today = app.clock().date()
    now = max(as_of, today + timedelta(days=1))  # a statement of today is valid for the as_of of tomorrow
    identities = published_or_empty(app, silver.IDENTITIES, published)
    allowed = customers_open_to(
        identities,
        published_or_empty(app, silver.ACCOUNTS, published),
        published_or_empty(app, silver.CONSENTS, published),
        use="profiling",
        min_age=app.settings.privacy.min_age,
        as_of=now,
    ).persist()
    registry = app.registry(model.name)
    left = not_allowed(registry.learnt_customers(app.spark, str(version)), allowed).persist()
    try:
        n_left = left.count()
        if not n_left:
            return 0
        n_withdrawn = withdrawn(left, identities, allowed, as_of=now).count()
        claim = app.claims.take(app.run_id, {model.published_name: (ALL_DAYS,)})
        try:
            registry.leave_out(
                app.spark,
                str(version),
                left,
                mark=str(claim.token),
                withdrawn_on=today if n_withdrawn else None,
                files=Files(app.spark),
            )
        finally:
            app.claims.release(claim)
    except Overtaken:
        logger.info("a training of %s is at work: version %d keeps %d customers until the next run", model.name, version, n_left)
        return 0
    finally:
        left.unpersist()
        allowed.unpersist()
    logger.info("version %d of %s: %d customers left it, %d of whom withdrew", version, model.name, n_left, n_withdrawn)
    return n_left
