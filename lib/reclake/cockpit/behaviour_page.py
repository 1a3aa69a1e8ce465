"""The report about behaviour: funnels and loss, paths, who comes back, the life cycle, and sales, on one page."""

from __future__ import annotations

from collections.abc import Mapping

from reclake.pages.page import Page, Shown

from . import behaviour_texts as texts
from .behaviour_figures import BehaviourFigures
from .behaviour_funnel_panels import Asked, funnel_panels
from .behaviour_path_panels import path_panels
from .behaviour_people_panels import lifecycle_panel, retention_panel
from .behaviour_sales_panel import sales_panel


def behaviour_page(figures: BehaviourFigures, shown: Shown, asked: Mapping[str, Asked], *, min_group_size: int) -> Page:
    """The whole page.

    Parameters
    ----------
    asked
        Funnel → what the catalogue says of it; one that is no longer there is shown without it.
    """
    span = figures.span
    panels = (
        *funnel_panels(figures, asked, at_least=min_group_size),
        *path_panels(figures, at_least=min_group_size),
        retention_panel(figures, at_least=min_group_size),
        lifecycle_panel(figures, at_least=min_group_size),
        sales_panel(figures, at_least=min_group_size),
    )
    lead = texts.LEAD.filled(first=span.first, last=span.last, n_days=f"{span.n_days:,}")
    return Page(texts.TITLE, lead, shown, panels, note=texts.NOTE.filled(n=min_group_size))
