"""What the customers bought, by day: what tables about customer value read."""

from . import silver
from .inputs import Input, Shared, takes, until_as_of
from .people import PEOPLE

PURCHASES = Shared(
    name="purchases",
    grain="one row per customer who may be profiled and has bought, and day with a sale",
    module="value.purchases",
    inputs=(PEOPLE, Input(silver.ORDER_LINES, until_as_of())),
    parameters=takes(reporting_currency="business.reporting_currency"),
)
