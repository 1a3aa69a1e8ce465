"""What every customer is shown in a scenario."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, takes, until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE
from reclake.tables.silver import INTERACTIONS, PRODUCTS

from ._common import AS_OF, CUSTOMER, RETENTION

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="one row per as_of_date, scenario, rank and customer; a device that nobody logged in on is one once it touched a product",
    key=("as_of_date", "scenario", "customer_id", "rank"),
    fields=(
        AS_OF,
        plain("scenario", "string", "Where it is shown: home.", required=True),
        CUSTOMER,
        plain("rank", "integer", "1, 2, … without gaps.", "rank", required=True),
        personal("product_id", "string", "The product.", required=True),
        personal("score", "double", "The link's own score; comparable within one customer and source only.", required=True),
        plain(
            "source",
            "string",
            "The link of the chain that gave it: the model by its name, popular, or non_personal.",
            required=True,
        ),
        personal("because_product_id", "string", "The customer's own product that speaks most for it; null if none does."),
        plain("model_version", "string", "Version of the registered model; null where none took part."),
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PEOPLE, Input(INTERACTIONS, until_as_of()), Input(PRODUCTS, valid_at_as_of())),
    parameters=takes("popularity", n="recommendations.n", weights="interactions.weights"),
    may_be_empty="nobody may be known yet, nothing on sale, or everything known to everybody",
    is_restated=False,
)
