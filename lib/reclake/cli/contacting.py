"""Commands for whoever contacts customers: whom to contact, and the file for the tool that sends."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import CsvOption, JsonOption, ProfileOption, SetOption, VerticalOption, choose, form_of

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show whom to contact for a purpose, and write the file for the tool that sends.",
)
_DAY = ["%Y-%m-%d"]


@app.command("list")
def list_contacts(
    purpose: Annotated[str | None, typer.Option("--purpose", help="Only this purpose of conf/purposes.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=_DAY, help="The list of this as_of; by default the newest.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Customers at most.")] = 20,
    names: Annotated[bool, typer.Option("--names", help="Show names in clear; needs the contact key.")] = False,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who may be contacted, whom first and why, and how many are left out."""
    from reclake.look import contact_list as contacts
    from reclake.look.listings import plain_rows
    from reclake.run.opened import located

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    look = options.looked(chosen)
    day = contacts.require_list(look, as_of=as_of.date() if as_of else None, purpose=purpose)
    listing = contacts.listed(look.reader, as_of=day, purpose=purpose, limit=limit)
    if names:
        directory = located(look.home, look.settings.secrets.directory)
        listing = contacts.with_names(look.reader, listing, as_of=day, directory=directory)
    console, title = chosen.console, f"contact list, as_of_date {day}"
    console.rows(
        title, plain_rows(listing.rows) if as_json else listing.rows, empty="Nobody may be contacted.", n_more=listing.n_more
    )
    if not console.is_for_programs:
        console.rows(
            "left out", contacts.left_out(look.reader, as_of=day, purpose=purpose), empty="Nobody is left out, or too few to say."
        )
        at_least = look.settings.privacy.min_group_size
        console.say(f"Those left out are counted in whole groups of {at_least}; smaller groups are not shown.")


@app.command("export")
def export_list(
    purpose: Annotated[str, typer.Option("--purpose", help="The purpose of conf/purposes whose list is handed out.")],
    as_of: Annotated[datetime, typer.Option("--as-of", formats=_DAY, help="The list of this as_of: the newest.")],
    to: Annotated[Path, typer.Option("--to", help="The CSV file, which must not exist yet.")],
    receiver: Annotated[str, typer.Option("--receiver", help="Who is given the file; it is noted.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is noted.")],
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="Write phone numbers and addresses in clear; needs the contact key.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Hand out an older list than the newest.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the list of a purpose as a file for the tool that sends; consent is asked for once more, and the export noted."""
    from reclake.look.contact_list import require_list
    from reclake.run.handed_files import require_place, require_stated
    from reclake.tables import ops

    chosen = choose(profile, overrides, as_json=as_json)
    # Before a session starts, which takes seconds; the export asks again, as others write meanwhile.
    require_stated(ops.CONTACT_EXPORTS.name, receiver=receiver, reason=reason)
    require_place(to.absolute())
    require_list(options.looked(chosen), as_of=as_of.date(), purpose=purpose)

    from reclake.run.contact_export import Handover, export_contacts

    asked = Handover(
        purpose=purpose, as_of=as_of.date(), target=to.absolute(), receiver=receiver, reason=reason, with_contacts=with_contacts, force=force
    )  # fmt: skip
    with options.opened(chosen, "contacts export", writes=True) as application:
        row = export_contacts(application, asked)
        chosen.console.rows("contacts handed out", [row])
        if row["n_left_out"]:
            chosen.console.say(
                f"{row['n_left_out']:,} of the list are left out: they may not be contacted any more, or cannot be reached."
            )
