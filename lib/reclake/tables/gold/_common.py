"""What tables of gold share."""

from reclake.tables.declaration import Field, Privacy, Retention, plain

AS_OF = plain("as_of_date", "date", "The first day that does not count.", required=True)
CUSTOMER = Field("customer_id", "string", "The resolved customer.", privacy=Privacy.PSEUDONYM, required=True)
RETENTION = Retention("as_of_days", "as_of_date")
SERIES = Retention("series_days", "as_of_date")  # of tables whose newest as_of repeats the days before it
ACTIVITY = plain(
    "activity",
    "string",
    "What counts as active: order, a sale, on the day of the order's first sale line; any, a session or an order.",
    required=True,
)
LEFT_OUT = plain(
    "n_left_out",
    "long",
    "Customers with this activity before the as_of who may not be profiled and are not counted, rounded down to whole "
    "privacy.min_group_size.",
    "customers",
    required=True,
)
