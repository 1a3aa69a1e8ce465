"""What the lake knows about itself. `reconciliation` and `freshness` are built; the others are written by the runner."""

from . import bronze, silver
from .declaration import Field, Input, Table, days, same_day

_RUN = Field("run_id", "string", "The run.", required=True)

RECONCILIATION = Table(
    name="ops.reconciliation",
    grain="one row per source, bronze table and delivery day",
    key=("source", "record_table", "delivery_day"),
    fields=(
        Field("source", "string", "The source.", required=True),
        Field("record_table", "string", "The records table.", required=True),
        Field("delivery_day", "date", "The delivery day.", required=True),
        Field("n_in", "long", "Records in bronze.", "records", required=True),
        Field("n_kept", "long", "Kept, flagged repeats included.", "records", required=True),
        Field("n_duplicates", "long", "Natural duplicates.", "records", required=True),
        Field("n_rejected", "long", "Refused, with reasons.", "records", required=True),
        Field("n_late", "long", "Beyond the late limit.", "records", required=True),
        Field("n_unaccounted", "long", "In minus all the others: must be 0.", "records", required=True),
        Field("rejected_share", "double", "Rejected of in.", "0–1", required=True),
    ),
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=(
        *(
            Input(table, same_day())
            for table in (bronze.EVENTS, bronze.ORDERS, bronze.ACCOUNTS, bronze.PRODUCTS, bronze.CONSENTS)
        ),
        *(Input(table, same_day()) for table in silver.RECORDS),
    ),
)

FRESHNESS = Table(
    name="ops.freshness",
    grain="one row per source, records table and delivery day",
    key=("source", "record_table", "delivery_day"),
    fields=(
        Field("source", "string", "The source.", required=True),
        Field("record_table", "string", "The records table.", required=True),
        Field("delivery_day", "date", "The delivery day.", required=True),
        Field(
            "latency_p50_seconds",
            "double",
            "Median of received minus occurred; null if the source gives no received time.",
            "seconds",
        ),
        Field("latency_p95_seconds", "double", "95th percentile.", "seconds"),
        Field("latency_p99_seconds", "double", "99th percentile.", "seconds"),
        Field("completeness_share", "double", "Share of required fields present over all records in.", "0–1", required=True),
        Field(
            "collection_share",
            "double",
            "Share of kept online orders whose visit left a purchase event; null without online orders, or where the source feeds no events.",
            "0–1",
        ),
        Field("n_records", "long", "Records delivered.", "records", required=True),
        Field(
            "volume_ratio",
            "double",
            "Records against the mean of the same weekday in the 4 weeks before; null without one.",
            "ratio",
        ),
        Field("arrived_at", "timestamp", "When the last file of the day lay complete.", "UTC", required=True),
        Field("visible_at", "timestamp", "When the run that made the day's records visible measured this.", "UTC", required=True),
        Field("arrival_to_visible_seconds", "double", "visible_at minus arrived_at.", "seconds", required=True),
    ),
    stage="silver",
    write="replace_days",
    day_column="delivery_day",
    inputs=(
        *(
            Input(table, days(before=28))
            for table in (bronze.EVENTS, bronze.ORDERS, bronze.ACCOUNTS, bronze.PRODUCTS, bronze.CONSENTS)
        ),
        Input(silver.EVENT_RECORDS, days(before=1, after=0)),
        Input(silver.ORDER_RECORDS, same_day()),
        Input(silver.ACCOUNT_RECORDS, same_day()),
        Input(silver.PRODUCT_RECORDS, same_day()),
        Input(silver.CONSENT_RECORDS, same_day()),
    ),
    parameters=("sources", "run.at"),
    run_columns=("arrived_at", "visible_at", "arrival_to_visible_seconds"),
)

LEDGER = Table(
    name="ops.ledger",
    grain="one row per table, day and build, or rollback",
    key=("run_id", "table", "day", "sequence"),
    fields=(
        Field("table", "string", "The table.", required=True),
        Field("day", "string", "The output day as ISO date; 'whole' for a table without days.", required=True),
        Field("sequence", "long", "Order of the entries within the lake.", required=True),
        Field(
            "kind",
            "string",
            "build, unchanged (rebuilt to the same content, not committed), rollback, or removed by one.",
            required=True,
        ),
        Field("version", "long", "Delta version that holds the day, or to which a rollback went.", required=True),
        _RUN,
        Field("token", "long", "Fencing token of the claim.", required=True),
        Field("recorded_at", "timestamp", "When.", "UTC", required=True),
        Field("n_rows", "long", "Rows of the day.", "rows", required=True),
        Field("content_digest", "string", "Rows and sum of row hashes.", required=True),
        Field("details", "string", "JSON: digests by inner day, of records and validity tables."),
        Field("code_digest", "string", "Of the builder and its rules.", required=True),
        Field("settings_digest", "string", "Of the settings that the builder takes.", required=True),
        Field("suite_digest", "string", "Of the suite.", required=True),
        Field("input_digests", "string", "JSON: input table → digest of the days read.", required=True),
        Field("input_versions", "string", "JSON: input table → Delta version, model → version.", required=True),
    ),
    stage="ops",
    write="append_new",
)

GATE_RESULTS = Table(
    name="ops.gate_results",
    grain="one row per run, table and gate verdict",
    key=("run_id", "table", "checked_at"),
    fields=(
        _RUN,
        Field("table", "string", "The table.", required=True),
        Field("checked_at", "timestamp", "When.", "UTC", required=True),
        Field("verdict", "string", "passed, failed, broken, or waived.", required=True),
        Field("n_expectations", "long", "Expectations in the suite and own checks.", "expectations", required=True),
        Field("n_failed", "long", "Failed or broken ones.", "expectations", required=True),
        Field("findings", "string", "JSON: what failed with counts, never values.", required=True),
        Field("n_rows", "long", "Rows judged.", "rows", required=True),
        Field("n_jobs", "long", "Spark jobs of the gate.", "jobs", required=True),
        Field("seconds", "double", "Wall time of the gate.", "seconds", required=True),
        Field("n_build_jobs", "long", "Spark jobs of the whole table: build, gate, commit.", "jobs", required=True),
        Field("build_seconds", "double", "Wall time of the whole table.", "seconds", required=True),
        Field("version", "long", "Delta version that it allowed; null when it allowed none."),
        Field("waiver_id", "string", "The waiver that let it through."),
    ),
    stage="ops",
    write="append_new",
)

WAIVERS = Table(
    name="ops.waivers",
    grain="one row per waiver granted or used",
    key=("waiver_id", "action"),
    fields=(
        Field("waiver_id", "string", "The waiver.", required=True),
        Field("action", "string", "granted or used.", required=True),
        Field("table", "string", "The table it lets through once.", required=True),
        Field("reason", "string", "Why, in the operator's words.", required=True),
        Field("expires_at", "timestamp", "It counts until then.", "UTC", required=True),
        Field("recorded_at", "timestamp", "When.", "UTC", required=True),
        Field("run_id", "string", "The run that used it."),
    ),
    stage="ops",
    write="append_new",
)

PUBLISHED_VERSIONS = Table(
    name="ops.published_versions",
    grain="one row per manifest and table or model that it moved",
    key=("manifest_id", "name"),
    fields=(
        Field("manifest_id", "long", "1, 2, … in order of publication.", required=True),
        Field("name", "string", "Table, or model:<name>.", required=True),
        Field("version", "long", "The Delta or model version to read.", required=True),
        Field("n_files", "long", "Data files of the version.", "files", required=True),
        Field("n_bytes", "long", "Their size.", "bytes", required=True),
        Field("n_rows", "long", "Rows of the version; −1 if not counted.", "rows", required=True),
        Field("kind", "string", "publish or rollback.", required=True),
        _RUN,
        Field("token", "long", "Fencing token of the publisher.", required=True),
        Field("published_at", "timestamp", "When.", "UTC", required=True),
    ),
    stage="ops",
    write="append_new",
)

CLAIMS = Table(
    name="ops.claims",
    grain="one row per claim and action",
    key=("token", "action", "recorded_at"),
    fields=(
        Field("token", "long", "Number of the claim: the fencing token.", required=True),
        Field("action", "string", "taken, released or lost.", required=True),
        _RUN,
        Field("holder", "string", "Host and process of the driver.", required=True),
        Field("days", "string", "JSON: table → output days, or whole.", required=True),
        Field("recorded_at", "timestamp", "When.", "UTC", required=True),
        Field("expires_at", "timestamp", "Afterwards anybody may take it over.", "UTC", required=True),
    ),
    stage="ops",
    write="append_new",
)

BUILT = (RECONCILIATION, FRESHNESS)
WRITTEN = (LEDGER, GATE_RESULTS, WAIVERS, PUBLISHED_VERSIONS, CLAIMS)
TABLES = BUILT + WRITTEN
