"""Commands about who is who: why accounts are one person, and what a steward decides about them."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reclake.errors import UsageError

from . import options
from .options import Chosen, CsvOption, JsonOption, ProfileOption, SetOption, VerticalOption, choose, form_of

if TYPE_CHECKING:
    from reclake.look.lake import Look

_DAY = ["%Y-%m-%d"]
_FINE = "The next reclake run acts on it, and restates what follows."
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is who: explain it, part accounts, take that back.")

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is stored and shown.")]
AuthorOption = Annotated[str | None, typer.Option("--author", help="Who decides; by default the user of this machine.")]
SinceOption = Annotated[
    datetime | None, typer.Option("--from", formats=_DAY, help="From when on they are two people; always without it.")
]
UntilOption = Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="The last as_of for which it counts.")]
NativeOption = Annotated[
    str | None, typer.Option("--source", help="The ids are those that this source writes; they are not stored.")
]


@app.command()
def explain(
    who: Annotated[str, typer.Argument(metavar="CUSTOMER|ACCOUNT", help="A customer_id or account_id, or its beginning.")],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=_DAY, help="As it was for this as_of; now without it.")
    ] = None,
    source: NativeOption = None,
    vertical: VerticalOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why accounts are one person: each link with its evidence, and what was decided."""
    from reclake.look.identity import explain as explained
    from reclake.look.ids import Moment, customer_of

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=False))
    look = options.looked(chosen)
    moment = Moment(as_of.date() if as_of else None)
    text = _accounts(look, [who], source)[0] if source else who
    found = explained(look.reader, customer_of(look.reader, text, moment), moment)
    parts = {
        "accounts": found.accounts,
        "links": found.links,
        "shared keys, which link nobody": found.shared,
        "merges": found.merges,
        "decisions": found.decisions,
    }
    if as_json:
        parts["likely pairs"] = [{"pair": one.title, "waterfall": one.waterfall} for one in found.likely]
        chosen.console.json({"customer_id": found.customer_id} | {title.split(",")[0]: rows for title, rows in parts.items()})
        return
    chosen.console.say(f"{found.customer_id}: {_n_of(len(found.accounts), 'account')}")
    for title, rows in parts.items():
        if rows:
            chosen.console.rows(title, rows)
    for pair in found.likely:
        chosen.console.rows(pair.title, pair.waterfall, empty=f"{pair.title}: the two have nothing in common.")


@app.command()
def split(
    accounts: Annotated[list[str], typer.Argument(help="The accounts to part from the rest of their person.")],
    reason: ReasonOption,
    author: AuthorOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    source: NativeOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Part accounts from all others that are one person with them now; among themselves they stay as evidence has it."""
    from reclake.look.ids import Moment, accounts_of_customer, customer_of_account

    chosen = choose(profile, overrides)
    look = options.looked(chosen)
    named = set(_accounts(look, accounts, source))
    now = Moment()
    pairs = []
    for account in sorted(named):
        group = accounts_of_customer(look.reader, customer_of_account(look.reader, account, now), now)
        pairs += [(account, other) for other in group if other not in named]
    if not pairs:
        raise UsageError(
            "there is nothing to part", "no other account is one person with them", "reclake identity explain shows why"
        )
    _part(chosen, pairs, "split", author, reason, since, until)


@app.command("never-link")
def never_link(
    one: Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account.")],
    other: Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account of somebody else.")],
    reason: ReasonOption,
    author: AuthorOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    source: NativeOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Never let two accounts be one person, whatever ties them."""
    chosen = choose(profile, overrides)
    left, right = _accounts(options.looked(chosen), [one, other], source)
    _part(chosen, [(left, right)], "never_link", author, reason, since, until)


@app.command()
def undo(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="The decision, as reclake identity decisions names it.")],
    reason: ReasonOption,
    author: AuthorOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Take a decision back: it counts for no as_of any more, as if it had never been made."""
    from reclake.run.decisions import undo as take_back

    chosen = choose(profile, overrides)
    with options.opened(chosen, "identity", publishes=True) as application:
        take_back(application, decision_id, author=author or getpass.getuser(), reason=reason)
        chosen.console.say(f"decision {decision_id} is taken back. {_FINE}")


@app.command()
def decisions(
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what stewards decided, the newest first, also what was taken back."""
    from reclake.look.identity import decisions as decided

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    chosen.console.rows("decisions", decided(options.looked(chosen).reader), empty="Nothing was decided.")


def _part(
    chosen: Chosen,
    pairs: Sequence[tuple[str, str]],
    action: str,
    author: str | None,
    reason: str,
    since: datetime | None,
    until: datetime | None,
) -> None:
    from reclake.run.decisions import part

    with options.opened(chosen, "identity", publishes=True) as application:
        decision_id = part(
            application,
            pairs,
            action=action,
            author=author or getpass.getuser(),
            reason=reason,
            valid_from=_date(since),
            valid_to=_date(until),
        )
        chosen.console.say(f"decision {decision_id} parts {_n_of(len(pairs), 'pair')} of accounts. {_FINE}")
        chosen.console.say(f"reclake identity undo {decision_id} --reason TEXT takes it back.")


def _date(day: datetime | None) -> date | None:
    return day.date() if day else None


def _accounts(look: Look, texts: Sequence[str], source: str | None) -> list[str]:
    """The accounts of the ids, as the lake shows them, or as the source writes them."""
    from reclake.look.ids import account_of

    if source is None:
        return [account_of(look.reader, text) for text in texts]
    return [_of_native(look, source, text) for text in texts]


def _of_native(look: Look, source: str, text: str) -> str:
    """The one known account of an id as the source writes it."""
    from reclake.look.ids import known_of

    from .looking import accounts_of_raw

    found = accounts_of_raw(look, source, text)
    known = known_of(look.reader, found)
    if len(known) != 1:
        told = ", ".join(known) if known else "none that silver.identities knows"
        raise UsageError(f"source {source} makes {len(known)} accounts of this id", told, "name the account as the lake shows it")
    return known[0]


def _n_of(n: int, thing: str) -> str:
    """How many, in words."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
