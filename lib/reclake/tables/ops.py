"""What the lake knows about itself. `reconciliation` and `freshness` are built; the others are written by the runner."""

from . import bronze, silver
from .declaration import Retention, Table, plain
from .inputs import Each, days, repeats, same_day, takes

_RUN = plain("run_id", "string", "The run.", required=True)

_COUNTS = "control totals are compared with all before them; they hold no row of a person"

RECONCILIATION = Table(
    name="ops.reconciliation",
    grain="one row per source, bronze table and delivery day",
    key=("source", "record_table", "delivery_day"),
    fields=(
        plain("source", "string", "The source.", required=True),
        plain("record_table", "string", "The records table.", required=True),
        plain("delivery_day", "date", "The delivery day.", required=True),
        plain("n_in", "long", "Records in bronze.", "records", required=True),
        plain("n_kept", "long", "Kept, flagged repeats included.", "records", required=True),
        plain("n_duplicates", "long", "Natural duplicates.", "records", required=True),
        plain("n_rejected", "long", "Refused, with reasons.", "records", required=True),
        plain("n_late", "long", "Beyond the late limit.", "records", required=True),
        plain("n_unaccounted", "long", "In minus all the others: must be 0.", "records", required=True),
        plain("rejected_share", "double", "Rejected of in.", "0–1", required=True),
        plain(
            "n_refused_consents",
            "long",
            "Of silver.consent_records the refused ones, empty lines left out: each may have been a withdrawal. Null for "
            "other tables.",
            "records",
        ),
        plain(
            "n_unnamed_consents", "long", "Those of them that name no account that can be read: they suspend nobody.", "records"
        ),
        plain(
            "n_named_accounts",
            "long",
            "Accounts that refused consents name, each once, with a grant to suspend or without.",
            "accounts",
        ),
    ),
    stage="silver",
    write="replace_days",
    stays_because=_COUNTS,
    day_column="delivery_day",
    inputs=(Each("bronze", bronze.FED, same_day()), Each("records", silver.RECORDS, same_day())),
)

FRESHNESS = Table(
    name="ops.freshness",
    grain="one row per source, records table and delivery day",
    key=("source", "record_table", "delivery_day"),
    fields=(
        plain("source", "string", "The source.", required=True),
        plain("record_table", "string", "The records table.", required=True),
        plain("delivery_day", "date", "The delivery day.", required=True),
        plain(
            "latency_p50_seconds",
            "double",
            "Median of received minus occurred; null if the source gives no received time.",
            "seconds",
        ),
        plain("latency_p95_seconds", "double", "95th percentile.", "seconds"),
        plain("latency_p99_seconds", "double", "99th percentile.", "seconds"),
        plain("completeness_share", "double", "Share of required fields present over all records in.", "0–1", required=True),
        plain(
            "collection_share",
            "double",
            "Share of the online orders first delivered on this day whose visit left a purchase event; null without one, or where the source feeds no events.",
            "0–1",
        ),
        plain("n_records", "long", "Records delivered.", "records", required=True),
        plain(
            "volume_ratio",
            "double",
            "Records against the mean of the same weekday in the 4 weeks before; null without one.",
            "ratio",
        ),
        plain("arrived_at", "timestamp", "When the last file of the day lay complete.", "UTC", required=True),
        plain(
            "visible_at",
            "timestamp",
            "When a run first measured this with all files of the day taken in; later restatements leave it.",
            "UTC",
            required=True,
        ),
        plain("arrival_to_visible_seconds", "double", "visible_at minus arrived_at.", "seconds", required=True),
        plain("n_files_waiting", "long", "Files of this delivery that were not complete when it was measured.", "files"),
        plain("n_files_refused", "long", "Files of this delivery that were refused by name.", "files"),
        plain("n_files_unmatched", "long", "Files in the source's landing folder that no feed takes, of whatever day.", "files"),
        plain("untaken_files", "string", "Names of all these files, the first 20, joined by '; '; null without one."),
    ),
    stage="silver",
    write="replace_days",
    stays_because=_COUNTS,
    day_column="delivery_day",
    inputs=(
        Each("bronze", bronze.FED, days(before=28)),
        # An order and its event may be delivered apart.
        Each(
            "records",
            silver.RECORDS,
            same_day(),
            wider=((silver.EVENT_RECORDS, repeats()), (silver.ORDER_RECORDS, repeats())),
        ),
    ),
    catalogues=("sources",),
    parameters=takes(at="run.at", earlier="run.earlier", untaken="run.untaken"),
    run_columns=(
        "arrived_at",
        "visible_at",
        "arrival_to_visible_seconds",
        "n_files_waiting",
        "n_files_refused",
        "n_files_unmatched",
        "untaken_files",
    ),
)

LEDGER = Table(
    name="ops.ledger",
    grain="one row per table, day and build, or rollback",
    key=("run_id", "table", "day", "sequence"),
    fields=(
        plain("table", "string", "The table.", required=True),
        plain("day", "string", "The output day as ISO date; 'whole' for a table without days.", required=True),
        plain("sequence", "long", "Order of the entries within the lake.", required=True),
        plain(
            "kind",
            "string",
            "build, unchanged (rebuilt to the same content, not committed), rollback, removed by one, or expired by its age.",
            required=True,
        ),
        plain("version", "long", "Delta version that holds the day, or to which a rollback went.", required=True),
        _RUN,
        plain("token", "long", "Fencing token of the claim.", required=True),
        plain("recorded_at", "timestamp", "When.", "UTC", required=True),
        plain("n_rows", "long", "Rows of the day.", "rows", required=True),
        plain("content_digest", "string", "Rows and sum of row hashes.", required=True),
        plain("details", "string", "JSON: digests by inner day, of records and validity tables."),
        plain("code_digest", "string", "Of the builder and its rules.", required=True),
        plain("settings_digest", "string", "Of the settings that the builder takes.", required=True),
        plain("suite_digest", "string", "Of the suite.", required=True),
        plain("input_digests", "string", "JSON: input table → digest of the days read.", required=True),
        plain("input_versions", "string", "JSON: input table → Delta version, model → version.", required=True),
    ),
    stage="ops",
    write="append_new",
    stays_because="it says which commits are known",
)

GATE_RESULTS = Table(
    name="ops.gate_results",
    grain="one row per run, table and gate verdict",
    key=("run_id", "table", "checked_at"),
    fields=(
        _RUN,
        plain("table", "string", "The table.", required=True),
        plain("checked_at", "timestamp", "When.", "UTC", required=True),
        plain("verdict", "string", "passed, failed, broken, or waived.", required=True),
        plain("n_expectations", "long", "Expectations in the suite and own checks.", "expectations", required=True),
        plain("n_failed", "long", "Failed or broken ones.", "expectations", required=True),
        plain("findings", "string", "JSON: what failed with counts, never values.", required=True),
        plain("n_rows", "long", "Rows judged.", "rows", required=True),
        plain("n_jobs", "long", "Spark jobs of the gate.", "jobs", required=True),
        plain("seconds", "double", "Wall time of the gate.", "seconds", required=True),
        plain("n_build_jobs", "long", "Spark jobs of the whole table: build, gate, commit.", "jobs", required=True),
        plain("build_seconds", "double", "Wall time of the whole table.", "seconds", required=True),
        plain("version", "long", "Delta version that it allowed; null when it allowed none."),
        plain("waiver_id", "string", "The waiver that let it through."),
    ),
    stage="ops",
    write="append_new",
    retention=Retention("notes_days", "checked_at"),
)

WAIVERS = Table(
    name="ops.waivers",
    grain="one row per waiver granted or used",
    key=("waiver_id", "action"),
    fields=(
        plain("waiver_id", "string", "The waiver.", required=True),
        plain("action", "string", "granted or used.", required=True),
        plain("table", "string", "The table it lets through once.", required=True),
        plain("reason", "string", "Why, in the operator's words.", required=True),
        plain("expires_at", "timestamp", "It counts until then.", "UTC", required=True),
        plain("recorded_at", "timestamp", "When.", "UTC", required=True),
        plain("run_id", "string", "The run that used it."),
    ),
    stage="ops",
    write="append_new",
    stays_because="who let what through, a row now and then",
)

PUBLISHED_VERSIONS = Table(
    name="ops.published_versions",
    grain="one row per manifest and table or model that it moved",
    key=("manifest_id", "name"),
    fields=(
        plain("manifest_id", "long", "1, 2, … in order of publication.", required=True),
        plain("name", "string", "Table, or model:<name>.", required=True),
        plain("version", "long", "The Delta or model version to read.", required=True),
        plain("n_files", "long", "Data files of the version.", "files", required=True),
        plain("n_bytes", "long", "Their size.", "bytes", required=True),
        plain("n_rows", "long", "Rows of the version; −1 if not counted.", "rows", required=True),
        plain("kind", "string", "publish, rollback, or maintenance: the same rows in other files.", required=True),
        _RUN,
        plain("token", "long", "Fencing token of the publisher.", required=True),
        plain("published_at", "timestamp", "When.", "UTC", required=True),
    ),
    stage="ops",
    write="append_new",
    stays_because="it is the history of publication",
)

CLAIMS = Table(
    name="ops.claims",
    grain="one row per claim and action",
    key=("token", "action", "recorded_at"),
    fields=(
        plain("token", "long", "Number of the claim: the fencing token.", required=True),
        plain("action", "string", "taken, renewed or released.", required=True),
        _RUN,
        plain("holder", "string", "Host and process of the driver.", required=True),
        plain("days", "string", "JSON: table → output days, or whole.", required=True),
        plain("recorded_at", "timestamp", "When.", "UTC", required=True),
        plain("expires_at", "timestamp", "Afterwards anybody may take it over.", "UTC", required=True),
    ),
    stage="ops",
    write="append_new",
    retention=Retention("notes_days", "expires_at"),
)

MAINTENANCE = Table(
    name="ops.maintenance",
    grain="one row per maintenance run and table that it worked on",
    key=("run_id", "table", "recorded_at"),
    fields=(
        _RUN,
        plain("table", "string", "The table.", required=True),
        plain(
            "outcome",
            "string",
            "maintained, or erasing: its history is about to be removed; a row that says maintained follows.",
            required=True,
        ),
        plain(
            "version", "long", "Newest Delta version afterwards: of a published table the one that is published.", required=True
        ),
        plain("oldest_version", "long", "Versions below it may be gone: a rollback to them is refused.", required=True),
        plain(
            "n_days_compacted",
            "long",
            "Days whose small files were joined; a table without days counts as one.",
            "days",
            required=True,
        ),
        plain("n_rows_expired", "long", "Rows that were beyond their retention and went; null before it was noted.", "rows"),
        plain("n_files_before", "long", "Data files of the newest version.", "files", required=True),
        plain("n_bytes_before", "long", "Their size.", "bytes", required=True),
        plain("n_files_after", "long", "The same afterwards.", "files", required=True),
        plain("n_bytes_after", "long", "Their size.", "bytes", required=True),
        plain("n_stored_files_before", "long", "Files in the table's folder: all versions and the log.", "files", required=True),
        plain("n_stored_bytes_before", "long", "Their size.", "bytes", required=True),
        plain("n_stored_files_after", "long", "The same afterwards.", "files", required=True),
        plain("n_stored_bytes_after", "long", "Their size.", "bytes", required=True),
        plain("seconds", "double", "Wall time of the table.", "seconds", required=True),
        plain("recorded_at", "timestamp", "When.", "UTC", required=True),
    ),
    stage="ops",
    write="append_new",
    stays_because="below the highest oldest_version no rollback goes: figures of counts, a few rows a week",
)

UNTAKEN_FILES = Table(
    name="ops.untaken_files",
    grain="one row per source, listing of its landing folder and file that was not taken in",
    key=("source", "listed_at", "file_name"),
    fields=(
        plain("source", "string", "The source whose landing folder was listed.", required=True),
        plain(
            "listed_at",
            "timestamp",
            "When. The newest listing of a source holds as long as nothing in it changes.",
            "UTC",
            required=True,
        ),
        plain(
            "file_name",
            "string",
            "Name below the landing folder; empty in a listing in which every file was taken in.",
            required=True,
        ),
        plain(
            "state",
            "string",
            "waiting (not complete yet), refused, unmatched (no feed takes its name), or none: every file was taken in.",
            required=True,
        ),
        plain("reason", "string", "Why it was not taken in.", required=True),
        plain("feed", "string", "The feed whose pattern the name matches."),
        plain("record_table", "string", "The records table that the feed fills."),
        plain("delivery_day", "date", "The delivery day that the name states."),
        _RUN,
    ),
    stage="ops",
    write="append_new",
    retention=Retention("notes_days", "listed_at"),
)

# What is noted of every file of people that is handed out.
_EXPORT = (
    plain("export_id", "string", "The export.", required=True),
    plain("recorded_at", "timestamp", "When, before the file appeared.", "UTC", required=True),
    plain("exported_by", "string", "Login and machine of whoever called the command.", required=True),
)
_HANDED_OVER = (
    plain("receiver", "string", "Who is given the file, in the caller's words.", required=True),
    plain("reason", "string", "Why, in the caller's words.", required=True),
    plain("file_name", "string", "Name of the file, without its folder.", required=True),
)
_PEOPLE_IN_FILE = plain("n_customers", "long", "People in the file.", "customers", required=True)

CONTACT_EXPORTS = Table(
    name="ops.contact_exports",
    grain="one row per file of a contact list that was handed out",
    key=("export_id",),
    fields=(
        *_EXPORT,
        plain("contact_purpose", "string", "The purpose of the list.", required=True),
        plain("as_of_date", "date", "The as_of of the list.", required=True),
        *_HANDED_OVER,
        plain("is_with_contacts", "boolean", "Whether contacts stand in it in clear.", required=True),
        plain("is_forced", "boolean", "Whether an older list than the newest was taken on purpose.", required=True),
        _PEOPLE_IN_FILE,
        plain(
            "n_left_out",
            "long",
            "People of the list who are not in it, as they may not be contacted any more, or cannot be reached.",
            "customers",
            required=True,
        ),
        plain("version", "long", "Version of gold.contact_list.", required=True),
    ),
    stage="ops",
    write="append_new",
    stays_because="it is the proof of who was given whose contacts, and holds no row of a person",
)

PEOPLE_EXPORTS = Table(
    name="ops.people_exports",
    grain="one row per file of the customers behind a figure",
    key=("export_id",),
    fields=(
        *_EXPORT,
        plain("figure", "string", "What they are behind: the funnel, its step and what became of them.", required=True),
        plain("as_of_date", "date", "The as_of of the figure.", required=True),
        *_HANDED_OVER,
        _PEOPLE_IN_FILE,
    ),
    stage="ops",
    write="append_new",
    stays_because="it is the proof of who was given whose pseudonyms, and holds no row of a person",
)

BUILT = (RECONCILIATION, FRESHNESS)
WRITTEN = (LEDGER, GATE_RESULTS, WAIVERS, PUBLISHED_VERSIONS, CLAIMS, MAINTENANCE, UNTAKEN_FILES, CONTACT_EXPORTS, PEOPLE_EXPORTS)
TABLES = BUILT + WRITTEN
