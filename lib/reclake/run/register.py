"""`reclake register`: gold's published versions as views of a metastore, for readers that know no manifest."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from reclake.errors import ReclakeError, ServiceDown, UsageError
from reclake.lake.catalog import Catalog
from reclake.tables import gold

from .application import Application
from .views import Rows, shown_versions

logger = logging.getLogger("reclake")


def register(app: Application) -> Rows:
    """Let every view read what the current manifest publishes, and drop those of what it withdrew.

    The views move one after the other: a reader of several tables may meet two manifests while they do. Each names
    the one it belongs to in its property `reclake.manifest`.

    Raises
    ------
    UsageError
        When the session has no metastore, its databases are of another lake or of somebody else, or a table stands where
        a view belongs.
    LakeDamaged
        When a version is not what was published; the views before it have moved.
    ServiceDown
        When the metastore does not answer.
    """
    if app.spark.conf.get("spark.sql.catalogImplementation") != "hive":
        raise UsageError(
            "there is no metastore to register in",
            "this session's catalogue ends with it",
            "set bi.metastore, or spark.sql.catalogImplementation=hive in spark-defaults.conf",
        )
    try:
        return show_published(app, Catalog(app.store, database=app.settings.bi.database))
    except (Py4JJavaError, PySparkException) as error:
        if "metastore" not in str(error).lower():
            raise
        raise ServiceDown(
            "the metastore does not answer",
            f"{app.settings.bi.metastore or 'the one of spark-defaults.conf'}: {type(error).__name__}",
            "start it; one in a folder is open in one process at a time: end the Thrift Server that has it, which renews by itself",
        ) from error


def show_published(app: Application, catalog: Catalog) -> Rows:
    """The same in any catalogue: table, version and manifest of each view."""
    catalog.create()
    newest, published = app.manifest.last_id(), app.manifest.current()
    nouns = {table.noun for table in gold.TABLES if table.name in published} | {gold.SHOWN_VERSIONS.noun}
    catalog.require_free(nouns)
    shown: Rows = []
    for table in gold.TABLES:
        if app.store.newest(table) is not None:
            catalog.add_newest(table)
        if (row := published.get(table.name)) is None:
            continue
        app.store.require_undamaged(table, version=row.version, n_files=row.n_files, n_bytes=row.n_bytes)
        catalog.show(gold.shown(table), version=row.version, manifest_id=row.manifest_id)
        told = {"version": row.version, "manifest_id": row.manifest_id, "n_rows": row.n_rows}
        shown.append({"view": f"{catalog.database}.{table.noun}", **told})
    catalog.show_rows(gold.SHOWN_VERSIONS, shown_versions(published), manifest_id=newest)
    catalog.hide_all_but(nouns)
    return shown


@contextmanager
def views_renewed(app: Application) -> Iterator[None]:
    """Renew the views at the end of the block if the settings say so, also when it was stopped: the rest was published.

    The block's own error goes before one of the metastore.
    """
    try:
        yield
    except ReclakeError:
        try:
            _renew(app)
        except ReclakeError as failure:
            logger.error("%s", failure)
        raise
    _renew(app)


def _renew(app: Application) -> None:
    if app.settings.bi.renew_views:
        log_shown(register(app))


def log_shown(shown: Rows) -> None:
    """One line per view, for whoever reads the log of a job or of the Thrift Server."""
    if not shown:
        logger.info("no view is shown: nothing of gold is published")
    for row in shown:
        logger.info("%s shows version %d of manifest %d", row["view"], row["version"], row["manifest_id"])
