"""The newest state of every product: the names and categories that every list needs."""

from reclake.tables.declaration import Table, personal, plain
from reclake.tables.inputs import Input, whole
from reclake.tables.silver import PRODUCTS as STATES

PRODUCTS = Table(
    name="gold.products",
    grain="one row per product: its newest state",
    key=("product_id",),
    fields=(
        plain("product_id", "string", "The product.", required=True),
        personal("product_name", "string", "Name shown to customers; of a product that no catalogue has, as a till typed it."),
        plain("category", "string", "Category shown to customers; null if no catalogue states one."),
        plain("brand", "string", "Brand shown to customers; null if no catalogue states one."),
        plain("price_amount", "decimal(18,4)", "List price of one piece; null if no catalogue states one.", "currency"),
        plain("currency", "string", "Of the price, ISO 4217."),
        plain("is_active", "boolean", "Whether it is on sale; null if the catalogue does not say."),
        plain("changed_date", "date", "The day since which it is so.", required=True),
    ),
    stage="customers",
    write="replace_whole",
    stays_because="it says nothing of a person, and is made from all records",
    inputs=(Input(STATES, whole()),),
    may_be_empty="no line may name a product",
)
