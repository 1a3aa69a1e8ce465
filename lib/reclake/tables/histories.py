"""What the customers did, in order: what tables about behaviour read, each in one pass."""

from . import silver
from .gold.customer_segments import CUSTOMER_SEGMENTS
from .inputs import Input, Shared, same_day, takes, until_as_of, valid_at_as_of
from .people import PEOPLE

_WINDOW = "histories.window_days"

HISTORIES = Shared(
    name="histories",
    grain="one row per event, or order line that sells, of a customer who may be profiled, in the days before the as_of",
    module="behaviour.histories",
    inputs=(
        PEOPLE,
        Input(silver.EVENTS, until_as_of(window=_WINDOW)),
        Input(silver.ORDER_LINES, until_as_of(window=_WINDOW)),
        Input(silver.ACCOUNTS, valid_at_as_of()),
        Input(CUSTOMER_SEGMENTS, same_day(), feeds=False),
        Input(silver.PRODUCTS, valid_at_as_of(), feeds=False),
    ),
    parameters=takes(timezone="business.timezone"),
    catalogues=("funnels", "paths"),  # say by which dimensions of customers and products figures are broken down
)

FUNNEL_COUNTS = Shared(
    name="funnel_counts",
    grain="one row per funnel, period of entries, breakdown value and what is counted of its units",
    module="behaviour.funnels.funnel_counts",
    inputs=(HISTORIES,),
    parameters=takes(gap_minutes="sessions.gap_minutes", timezone="business.timezone"),
    catalogues=("funnels",),
)

PATH_COUNTS = Shared(
    name="path_counts",
    grain="one row per definition of paths, breakdown value and what is counted of its visits",
    module="behaviour.paths.path_counts",
    inputs=(HISTORIES,),
    parameters=takes(gap_minutes="sessions.gap_minutes", timezone="business.timezone"),
    catalogues=("paths",),
)
