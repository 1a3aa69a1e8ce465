"""What tables of gold share."""

from reclake.tables.declaration import Field, Privacy, Retention, plain

AS_OF = plain("as_of_date", "date", "The first day that does not count.", required=True)
CUSTOMER = Field("customer_id", "string", "The resolved customer.", privacy=Privacy.PSEUDONYM, required=True)
RETENTION = Retention("as_of_days", "as_of_date")
