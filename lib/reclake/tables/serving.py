"""How well lists serve: measured once they are built."""

from . import gold, silver
from .declaration import Table, plain
from .gold._shown import stated_words
from .inputs import Input, same_day, takes, until_as_of, valid_at_as_of
from .own_products import OWN_PRODUCTS
from .people import PEOPLE

SERVING_COVERAGE = Table(
    name="ops.serving_coverage",
    grain="one row per as_of_date, scenario, block and position of its chain",
    key=("as_of_date", "scenario", "block", "position"),
    fields=(
        plain("as_of_date", "date", "The as_of of the lists.", required=True),
        *stated_words(plain("scenario", "string", "The scenario of conf/scenarios.", required=True)),
        plain("block", "string", "The list within the scenario.", required=True),
        plain("position", "integer", "Place of the link in the chain: 1, 2, …", "rank", required=True),
        *stated_words(plain("strategy", "string", "What the link's rows are called.", required=True)),
        plain("n_rows", "long", "Rows that the link gave.", "rows", required=True),
        plain("row_share", "double", "The same of all rows of the list; null where it has none.", "0–1"),
        plain(
            "n_queries",
            "long",
            "Customers, products or baskets that the list could be made for; of the whole list.",
            "queries",
            required=True,
        ),
        plain("n_served", "long", "Of these, how many have a row; of the whole list.", "queries", required=True),
        plain(
            "n_servable",
            "long",
            "Of these, for how many the rules leave a product; null where an empty list is right, as nothing fills it.",
            "queries",
        ),
        plain(
            "n_complete",
            "long",
            "Of the servable, how many have as many rows as the size of the list and the rules allow.",
            "queries",
        ),
        plain("complete_share", "double", "n_complete of n_servable; null without one.", "0–1"),
    ),
    stage="recommendations",
    write="replace_days",
    stays_because="counts of lists, a few rows a day; they hold no row of a person",
    day_column="as_of_date",
    inputs=(
        PEOPLE,
        OWN_PRODUCTS,
        Input(silver.INTERACTIONS, until_as_of()),
        Input(silver.PRODUCTS, valid_at_as_of()),
        Input(silver.STOCK, valid_at_as_of(), feeds=False),
        Input(silver.IMPRESSIONS, until_as_of(30), feeds=False),
        *(
            Input(table, same_day(), feeds=False)
            for table in (gold.RECOMMENDATIONS, gold.PRODUCT_RECOMMENDATIONS, gold.BASKET_RECOMMENDATIONS)
        ),
    ),
    catalogues=("scenarios",),
    parameters=takes(timezone="business.timezone"),
    is_restated=False,
)

BUILT = (SERVING_COVERAGE,)
