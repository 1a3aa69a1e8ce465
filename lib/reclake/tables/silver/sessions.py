"""What a device or an account did in one visit."""

from reclake.tables.declaration import Field, Privacy, Table, personal, plain
from reclake.tables.inputs import Input, begun_by_day, days, takes

from .facts import EVENTS, HISTORY
from .identity import SHARED_KEYS

SESSIONS = Table(
    name="silver.sessions",
    grain="one row per session of a device or account as seen",
    key=("session_id",),
    fields=(
        Field("session_id", "string", "Digest of source, unit and first event.", privacy=Privacy.PSEUDONYM, required=True),
        plain("session_date", "date", "Business day of its start; a day without a pause cuts it at midnight.", required=True),
        plain("source", "string", "The source of its events.", required=True),
        Field(
            "unit_id",
            "string",
            "The device as seen, or the account as seen where no device is known or many use it.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        Field(
            "account_id",
            "string",
            "The last login in it, else the unit; on a device that many use the one login of all its events.",
            privacy=Privacy.PSEUDONYM,
            required=True,
        ),
        plain("channel", "string", "Channel of its first event."),
        personal("started_at", "timestamp", "First event.", "UTC", required=True),
        personal("ended_at", "timestamp", "Last event.", "UTC", required=True),
        personal("duration_seconds", "long", "Last minus first event.", "seconds", required=True),
        personal("n_events", "long", "Events.", "events", required=True),
        personal("n_views", "long", "Product views.", "events", required=True),
        personal("n_carts", "long", "Additions to the cart.", "events", required=True),
        personal("n_purchases", "long", "Purchase events.", "events", required=True),
        personal("is_engaged", "boolean", "Longer than 10 s, or a cart or purchase, or two views.", required=True),
    ),
    stage="silver",
    write="replace_days",
    stays_because=HISTORY,
    day_column="session_date",
    # Looked at beside the events: a key that becomes common makes no day of its own.
    inputs=(Input(EVENTS, days(before=1, after=1)), Input(SHARED_KEYS, begun_by_day(after=1), feeds=False)),
    may_be_empty="a day may hold machines only, or visits that began the day before",
    parameters=takes(gap_minutes="sessions.gap_minutes", timezone="business.timezone"),
)

TABLES = (SESSIONS,)
