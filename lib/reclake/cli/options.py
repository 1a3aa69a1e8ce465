"""The options that commands share, and what they amount to: settings, a console, and a lake that is opened or looked at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.run.job import project_home
from reclake.run.opened import business_day, located, require_writable, utc_now
from reclake.run.plan import require_table
from reclake.settings import Settings, load_settings

from .console import Console, Form

if TYPE_CHECKING:
    from reclake.look.lake import Look

_DAY = ["%Y-%m-%d"]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="section.key=value", help="Override a setting.")]
ProfileOption = Annotated[str, typer.Option("--profile", envvar="RECLAKE_PROFILE", help="conf/<profile>.toml")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
VerticalOption = Annotated[bool, typer.Option("--vertical", help="Print a block per row, with all that was asked for.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV: values as they are stored.")]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Source of conf/sources; may be repeated.")]
DayOption = Annotated[datetime | None, typer.Option("--day", formats=_DAY, help="One delivery day.")]
FromOption = Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First delivery day.")]
ToOption = Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last delivery day.")]
AsOfOption = Annotated[
    list[datetime] | None, typer.Option("--as-of", formats=_DAY, help="Build as-of tables for this day; may be repeated.")
]
TableOption = Annotated[str | None, typer.Option("--table", help="Only this table.")]
DownstreamOption = Annotated[bool, typer.Option("--downstream", help="With --table: what reads it as well.")]
LandingOption = Annotated[str | None, typer.Option("--landing", help="Folder of the source's files.")]


AsOfDay = Annotated[datetime | None, typer.Option("--as-of", formats=_DAY, help="The rows that answer for this as_of.")]


@dataclass
class Chosen:
    """What the options of one command amount to."""

    home: Path
    settings: Settings
    console: Console
    overrides: list[str] = field(default_factory=list)
    written: Mapping[str, str] = field(default_factory=dict)  # parameters that the command line names → their options


def choose(
    profile: str,
    overrides: list[str] | None,
    *,
    as_json: bool = False,
    form: Form | None = None,
    sources: list[str] | None = None,
) -> Chosen:
    """Settings and console of the options.

    Raises
    ------
    SettingsInvalid
        When a setting cannot be used.
    """
    home = project_home()
    chosen = list(overrides or [])
    if sources:
        chosen.append(f"sources.enabled={json.dumps(sources)}")
    return Chosen(home, load_settings(home, profile=profile, overrides=chosen), Console(as_json=as_json, form=form))


def form_of(*, as_json: bool, vertical: bool, as_csv: bool) -> Form:
    """The form of a listing.

    Raises
    ------
    UsageError
        When two are asked for.
    """
    asked: dict[Form, bool] = {"json": as_json, "blocks": vertical, "csv": as_csv}
    wanted = [form for form, is_asked in asked.items() if is_asked]
    if len(wanted) > 1:
        raise UsageError("a listing has one form", "two of --json, --vertical and --csv were given", "name one of them")
    return wanted[0] if wanted else "table"


@contextmanager
def opened(chosen: Chosen, name: str, *, publishes: bool = False, writes: bool = False, **needs: Any) -> Iterator[Any]:
    """An open application; Spark is imported only for commands that need it. Views follow those that publish.

    Raises
    ------
    UsageError
        When the command writes, or publishes, and the lake cannot be written.
    """
    if publishes or writes:
        require_writable(located(chosen.home, chosen.settings.lake.root))
    from reclake.run.application import open_application
    from reclake.run.register import views_renewed

    application = open_application(chosen.home, chosen.settings, name=f"reclake {name}", reporter=chosen.console, **needs)
    try:
        with views_renewed(application) if publishes else nullcontext():
            yield application
    finally:
        application.spark.stop()


def looked(chosen: Chosen, *, is_needed: bool = True) -> Look:
    """The lake for a command that only looks.

    Parameters
    ----------
    is_needed
        Whether the command ends where no lake is.

    Raises
    ------
    UsageError
        When there is none.
    """
    from reclake.look.lake import look_at

    look = look_at(chosen.home, chosen.settings)
    if is_needed:
        look.require_lake()
    return look


def days_of(day: datetime | None, first: datetime | None, last: datetime | None) -> tuple[date | None, date | None]:
    """First and last delivery day of the options; none of either for all days.

    Raises
    ------
    UsageError
        When they contradict each other.
    """
    if day is not None and (first or last):
        raise UsageError("--day cannot stand beside --from or --to", "both were given", "name one day, or a span")
    if (first is None) != (last is None):
        raise UsageError("--from and --to belong together", "only one was given", "name both")
    if day is not None:
        return day.date(), day.date()
    if first and last and first > last:
        raise UsageError(
            "the first day comes after the last",
            f"--from {first:%Y-%m-%d} --to {last:%Y-%m-%d}",
            f"write --from {last:%Y-%m-%d} --to {first:%Y-%m-%d}",
        )
    return (first.date(), last.date()) if first and last else (None, None)


def require_come(settings: Settings, *days: date | None, as_ofs: Collection[date] = ()) -> None:
    """Stop at a day that has not come: nothing can have been delivered then.

    An as_of is the first day that does not count, so that tomorrow's is that of what was delivered today.

    Raises
    ------
    UsageError
        When a day comes after today in `business.timezone`, or an as_of after tomorrow.
    """
    today = business_day(utc_now(), settings)
    ahead = [("day", day) for day in days if day is not None and day > today]
    ahead += [("as_of", day) for day in as_ofs if day > today + timedelta(days=1)]
    if ahead:
        name, day = max(ahead, key=lambda each: each[1])
        raise UsageError(
            f"the {name} {day} has not come yet",
            f"today is {today} in {settings.business.timezone}",
            "name a day that is not after today" if name == "day" else "name an as_of that is not after tomorrow",
        )


def require_known(table: str | None) -> None:
    """Stop at a table that is not declared.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    if table is not None:
        require_table(table)


def require_landing(folder: str | None) -> None:
    """Stop at a landing folder of this machine that is not there, before anything is opened.

    Raises
    ------
    UsageError
        When there is none.
    """
    if folder is not None and "://" not in folder and not Path(folder).is_dir():
        raise UsageError("the landing folder does not exist", folder, "name another with --landing, or create it")


def require_one_of(option: str, value: str | None, known: Collection[str]) -> None:
    """Stop at a word that the option does not know.

    Raises
    ------
    UsageError
        Naming those that it knows.
    """
    if value is not None and value not in known:
        raise UsageError(f"{option} knows no {value!r}", f"it knows {', '.join(known)}", "name one of them")


def n_tables(stages: Collection[str], table: str | None, *, downstream: bool) -> int:
    """How many tables a run of these options is asked for: what its progress is counted by."""
    asked = [one for one in tables.GATED if one.stage in stages]
    if table is None:
        return len(asked)
    names = {table, *(one.name for one in tables.downstream_of(table))} if downstream else {table}
    return len([one for one in asked if one.name in names])


def dates_of(days: list[datetime] | None) -> tuple[date, ...]:
    """The days of a repeated option."""
    return tuple(day.date() for day in days or ())
