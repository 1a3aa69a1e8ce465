"""Makes the report about behaviour of a lake, and puts it at its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from reclake.look.lake import Look
from reclake.look.status import lake
from reclake.pages.page import Shown, write
from reclake.pages.texts import plain

from .behaviour_figures import read_behaviour
from .behaviour_funnel_panels import Asked
from .behaviour_page import behaviour_page
from .behaviour_span import span_of


def page_path(look: Look, name: str) -> Path:
    """Where a page of the lake lies: beside it; in the project folder for a lake that does not lie on this machine."""
    root = look.reader.root
    return (look.home if "://" in root else Path(root).parent) / f"{name}.html"


def write_behaviour(look: Look, path: Path, *, first: date | None = None, last: date | None = None) -> None:
    """Write the page of some days, or of the newest as_of's window, to the path.

    Raises
    ------
    UsageError
        When no table tells of these days.
    """
    settings = look.settings
    window_days, sales_days = settings.histories.window_days, settings.sales.shown_days
    span = span_of(look.reader, first, last, window_days=window_days, sales_days=sales_days)
    asked = {
        name: Asked(plain(one.description, one.description_zh or one.description), one.unit, one.window.total_seconds)
        for name, one in look.funnels().items()
    }
    figures = read_behaviour(look.reader, span, add_up={name for name, one in asked.items() if one.unit == "session"})
    newest = lake(look)["newest_delivery"]
    shown = Shown(
        lake=look.reader.root,
        manifest_id=look.reader.manifest_id,
        as_of=span.as_of,
        newest_delivery=date.fromisoformat(newest) if newest else None,
        made_at=look.clock(),
    )
    page = behaviour_page(figures, shown, asked, min_group_size=settings.privacy.min_group_size)
    write(page, path, mode=0o666 & ~int(settings.files.umask, 8))
