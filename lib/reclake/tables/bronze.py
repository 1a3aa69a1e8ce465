"""What arrived, as it arrived: one table per kind of record, one row per record."""

from dataclasses import replace

from .declaration import Field, Privacy, Retention, Table, personal, plain

_RECORD_FIELDS = (
    plain("source", "string", "The source that delivered it, as named in conf/sources.", required=True),
    plain("delivery_day", "date", "The day for which the file was delivered.", required=True),
    plain("file_digest", "string", "SHA-256 of the file's bytes; with the source it is the file's identity.", required=True),
    plain("position", "long", "Place of the record in its file, from 0.", "records", required=True),
    plain("file_name", "string", "Name of the file below the landing folder.", required=True),
    plain("format", "string", "json_lines, csv or parquet.", required=True),
    plain("header", "string", "The header line of a CSV file, which names the record's columns; null otherwise."),
    Field(
        "raw",
        "binary",
        "The record's bytes as they came, in UTF-8 if their feed declares another encoding; of a Parquet row, its JSON.",
        "bytes",
        privacy=Privacy.RAW,
        required=True,
    ),
    Field("content_hash", "string", "SHA-256 of raw.", privacy=Privacy.PSEUDONYM, required=True),
    plain("arrived_at", "timestamp", "When the file lay complete in the landing folder.", "UTC", required=True),
    plain("replaces_digest", "string", "Digest of the file that lay under this name before, if its content changed."),
    plain("batch_id", "string", "The run that took it in.", required=True),
    plain(
        "intake_note",
        "string",
        "What the intake says of it, joined by ;: recovered (a line that a quote without end had swallowed), "
        "comma_decimals:a|b (fields of its file in which undeclared decimal commas stand).",
    ),
    plain("line", "long", "The line of the file on which the record begins, from 1; of a Parquet file the row.", "lines"),
)


_RAW_DAYS = Retention("raw_days", "delivery_day", is_optional=True)


def _bronze(noun: str, grain: str, retention: Retention | None = None, *, stays_because: str = "") -> Table:
    return Table(
        name=f"bronze.{noun}",
        grain=grain,
        key=("source", "file_digest", "position"),
        fields=_RECORD_FIELDS,
        stage="bronze",
        write="append_new",
        day_column="delivery_day",
        retention=retention,
        stays_because=stays_because,
        run_columns=("batch_id", "arrived_at"),
    )


EVENTS = _bronze("events", "one row per delivered event of app, mini-program and web", _RAW_DAYS)
ORDERS = _bronze("orders", "one row per delivered order line, online and POS", _RAW_DAYS)
ACCOUNTS = _bronze(
    "accounts",
    "one row per delivered state of a channel's account or member",
    stays_because="contacts are read from all of them, and a new contact key needs them",
)
PRODUCTS = _bronze("products", "one row per delivered state of a product", stays_because="they say nothing of a person")
CONSENTS = _bronze(
    "consents", "one row per delivered consent or withdrawal", stays_because="they are the proof of what was agreed to"
)
FEEDBACK = _bronze("feedback", "one row per delivered review, or message of a service chat", _RAW_DAYS)
OUTREACH = _bronze("outreach", "one row per delivered contact that the company made with a customer", _RAW_DAYS)
STOCK = _bronze("stock", "one row per delivered state of a product's stock", stays_because="they say nothing of a person")
IMPRESSIONS = _bronze("impressions", "one row per delivered product that a list showed, click or order from it", _RAW_DAYS)
FED = (EVENTS, ORDERS, ACCOUNTS, PRODUCTS, CONSENTS, FEEDBACK, OUTREACH, STOCK, IMPRESSIONS)
"""What sources feed."""

FILES = Table(
    name="bronze.files",
    grain="one row per file offered and decided on",
    key=("source", "file_digest", "file_name", "outcome"),
    fields=(
        plain("source", "string", "The source whose landing folder it lay in.", required=True),
        plain("file_digest", "string", "SHA-256 of the file's bytes.", required=True),
        plain("file_name", "string", "Name below the landing folder.", required=True),
        plain("feed", "string", "The feed of the source whose pattern the name matches.", required=True),
        plain("delivery_day", "date", "The day for which it was delivered; null when that could not be told, or none is in it."),
        plain("outcome", "string", "ingested or rejected; a file that waits has no row.", required=True),
        plain("reason", "string", "Why it was rejected."),
        plain("n_bytes", "long", "Size as stored.", "bytes", required=True),
        plain("n_records", "long", "Records found; 0 when rejected.", "records", required=True),
        plain("arrived_at", "timestamp", "When it lay complete in the landing folder.", "UTC", required=True),
        plain("batch_id", "string", "The run that decided.", required=True),
        plain("n_lines", "long", "Lines of a file that was taken in; of a Parquet file, its rows.", "lines"),
        plain("n_record_lines", "long", "Lines that its records are made of.", "lines"),
        plain("n_header_lines", "long", "Header lines, repeated ones too, and a line that states the delimiter.", "lines"),
        plain("n_blank_lines", "long", "Lines without content that are no records: blank, or of delimiters only.", "lines"),
        plain("n_unaccounted_lines", "long", "Lines that became none of these: 0.", "lines"),
        plain("n_recovered", "long", "Records that a quote without end had swallowed.", "records"),
    ),
    stage="bronze",
    write="append_new",
    stays_because="a file must not be taken in twice; it holds no record",
    run_columns=("batch_id", "arrived_at"),
    may_be_empty="a run may be offered nothing new",
)

IDENTITY_DECISIONS = Table(
    name="bronze.identity_decisions",
    grain="one row per decision of a steward and pair of accounts that it parts; of an undo one",
    key=("decision_id", "left_account_id", "right_account_id"),
    fields=(
        plain("decision_id", "string", "The decision.", required=True),
        plain("action", "string", "split, never_link or undo.", required=True),
        plain("undoes", "string", "Of an undo, the decision that it takes back."),
        Field("left_account_id", "string", "An account; of a split one of those that were split off.", privacy=Privacy.PSEUDONYM),
        Field("right_account_id", "string", "An account that is another person's.", privacy=Privacy.PSEUDONYM),
        plain("valid_from", "date", "From when on they are two people; it counts for an as_of after it."),
        plain("valid_to", "date", "The last as_of for which it counts; null for ever."),
        personal("author", "string", "Who decided.", required=True),
        replace(personal("reason", "string", "Why, in the author's words.", required=True), is_free_text=True),
        personal("recorded_at", "timestamp", "When.", "UTC", required=True),
    ),
    stage="bronze",
    write="append_new",
    stays_because="what was decided about people is needed as long as its effect; nothing else holds it",
)

TABLES = (*FED, FILES, IDENTITY_DECISIONS)
