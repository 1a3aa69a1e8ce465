"""`reclake contacts export`: a contact list as a file for the tool that sends, noted before the file appears."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import LakeDamaged, UsageError
from reclake.outreach.handover import still_open, with_account
from reclake.outreach.purpose import require_purpose
from reclake.privacy.encryption import decrypt
from reclake.privacy.keys import load_key
from reclake.tables import gold, ops, silver

from .application import Application
from .handed_files import appearing, caller, require_place, require_stated, safe_cell
from .opened import business_day
from .published_inputs import published_or_empty

COLUMNS = ("customer_id", "account_id", "contact_channel", "priority", "contact_purpose", "as_of_date")
CONTACT = "contact"
_SEALED_IN = {"email": "email_encrypted", "sms": "phone_encrypted", "call": "phone_encrypted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What is asked for: the list, the file, and who is given it why."""

    purpose: str
    as_of: date
    target: Path
    receiver: str
    reason: str
    with_contacts: bool = False
    force: bool = False


def export_contacts(app: Application, asked: Handover) -> dict[str, Any]:
    """Write the file; gives its row of ops.contact_exports.

    Who may not be contacted any more, by all that is published now, or cannot be reached, is left out.

    Raises
    ------
    UsageError
        When there is no such purpose or list, the list is not the newest and force is not given, fewer people are left than
        privacy.min_group_size, or the file cannot stand there. Nothing is noted and nothing written then.
    SecretMissing
        When contacts shall stand in the file, and their key cannot be read.
    ReclakeError
        When the file could not be written. The export is noted all the same, and nothing of the file is left.
    """
    _require_sound(app, asked)
    _require_newest(app, asked)
    directory = str(app.value("secrets.directory"))
    if asked.with_contacts:
        load_key(directory, app.settings.privacy.contact_key_id)
    listed, version = _listed(app, asked)
    rows = _handed_out(app, listed, asked).persist(StorageLevel.DISK_ONLY)
    try:
        n_customers, least = rows.count(), app.settings.privacy.min_group_size
        if n_customers < least:
            raise UsageError(
                f"the list of {asked.purpose} at {asked.as_of} is too short to be handed out",
                f"fewer than {least} people of it may be contacted now",
                "reclake contacts list shows why; a group of at least privacy.min_group_size people can be handed out",
            )
        row = _noted_row(app, asked, version, n_customers=n_customers, n_left_out=listed.count() - n_customers)
        with appearing(asked.target) as file:
            app.store.append(ops.CONTACT_EXPORTS, [row])
            n_written = _write(file, rows, directory if asked.with_contacts else None)
            if n_written != n_customers:
                raise LakeDamaged(
                    "the file would hold other rows than were noted", f"{n_written} of {n_customers}", "export again"
                )
    finally:
        rows.unpersist()
    return row


def _require_sound(app: Application, asked: Handover) -> None:
    """Stop at a purpose that does not exist, at words that are missing, and at a place where no file can stand."""
    require_purpose(asked.purpose, app.catalogues["purposes"])
    require_stated(ops.CONTACT_EXPORTS.name, receiver=asked.receiver, reason=asked.reason)
    require_place(asked.target)


def _require_newest(app: Application, asked: Handover) -> None:
    days = app.ledger.days(gold.CONTACT_LIST)
    if gold.CONTACT_LIST.name not in app.manifest.current() or not days:
        raise UsageError(f"{gold.CONTACT_LIST.name} is not published yet", "no manifest names it", "reclake status says why")
    newest = max(days)
    if str(asked.as_of) not in days:
        raise UsageError(f"there is no list of {asked.as_of}", f"the newest is that of {newest}", f"write --as-of {newest}")
    if str(asked.as_of) != newest and not asked.force:
        raise UsageError(
            f"the list of {asked.as_of} is not the newest",
            f"the newest is that of {newest}",
            f"write --as-of {newest}, or --force to hand the older one out",
        )


def _listed(app: Application, asked: Handover) -> tuple[DataFrame, int]:
    """The published rows of the list, and their version."""
    published = app.manifest.current()
    version = published[gold.CONTACT_LIST.name].version
    of_day = app.read(gold.CONTACT_LIST, version=version, published=published, days=[asked.as_of])
    return of_day.where(F.col("contact_purpose") == asked.purpose), version


def _handed_out(app: Application, listed: DataFrame, asked: Handover) -> DataFrame:
    """What of the list may be handed out now, the highest priority first."""
    published = app.manifest.current()
    tables = (silver.IDENTITIES, silver.ACCOUNTS, silver.CONSENTS, silver.OUTREACH, silver.SHARED_KEYS, silver.CONTACTS)
    identities, accounts, consents, outreach, shared_keys, contacts = (
        published_or_empty(app, table, published) for table in tables
    )
    # A statement of today is valid for the as_of of tomorrow.
    now = max(asked.as_of, business_day(app.clock(), app.settings) + timedelta(days=1))
    still = still_open(
        listed,
        identities,
        accounts,
        consents,
        outreach,
        listed_as_of=asked.as_of,
        now=now,
        min_age=app.settings.privacy.min_age,
        limits=app.settings.contacts,
    )
    reached = with_account(still, identities, accounts, shared_keys, contacts, listed_as_of=asked.as_of, now=now)
    return reached.orderBy("priority", "currency", "customer_id").select(*COLUMNS, "sealed_contact", "key_id")


def _noted_row(app: Application, asked: Handover, version: int, *, n_customers: int, n_left_out: int) -> dict[str, Any]:
    return {
        "export_id": uuid4().hex[:12],
        "recorded_at": app.clock(),
        "exported_by": caller(),
        "contact_purpose": asked.purpose,
        "as_of_date": asked.as_of,
        "receiver": asked.receiver.strip(),
        "reason": asked.reason.strip(),
        "file_name": asked.target.name,
        "is_with_contacts": asked.with_contacts,
        "is_forced": asked.force,
        "n_customers": n_customers,
        "n_left_out": n_left_out,
        "version": version,
    }


def _write(file: TextIO, rows: DataFrame, directory: str | None) -> int:
    """Write header and rows as CSV, with contacts in clear where a folder of keys is given; gives how many rows."""
    writer, n_rows = csv.writer(file), 0
    writer.writerow([*COLUMNS, *([CONTACT] if directory else [])])
    for row in rows.toLocalIterator():
        contact = [_contact(row, directory)] if directory else []
        writer.writerow([safe_cell(str(value)) for value in (*(row[name] for name in COLUMNS), *contact)])
        n_rows += 1
    return n_rows


def _contact(row: Any, directory: str) -> str:
    """What the channel sends to: an address, a number with 00 for its plus, or the account in the app."""
    if row["sealed_contact"] is None:
        return str(row["account_id"])
    column = _SEALED_IN[row["contact_channel"]]
    at = {"table": silver.CONTACTS.name, "column": column, "row_id": row["account_id"]}
    text = decrypt(load_key(directory, row["key_id"]), bytes(row["sealed_contact"]), **at)
    return f"00{text[1:]}" if column == "phone_encrypted" and text.startswith("+") else text
