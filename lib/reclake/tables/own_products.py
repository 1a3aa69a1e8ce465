"""What each customer knows of the catalogue: what lists and their coverage read of a customer's past."""

from . import silver
from .inputs import Input, Shared, until_as_of
from .people import PEOPLE

OWN_PRODUCTS = Shared(
    name="own_products",
    grain="one row per customer who may be profiled and product that they had to do with",
    module="recommend.scenarios.histories",
    inputs=(PEOPLE, Input(silver.INTERACTIONS, until_as_of())),
)
