"""One table per question. Columns are a promise: reader version 1, flat, keyed by the resolved customer."""

from dataclasses import replace

from . import ops, silver
from .declaration import Field, Input, Privacy, Retention, Table, personal, plain, same_day, until_as_of, valid_at_as_of

_AS_OF = plain("as_of_date", "date", "The first day that does not count.", required=True)
_RETENTION = Retention("as_of_days", "as_of_date")
_CUSTOMER = Field("customer_id", "string", "The resolved customer.", privacy=Privacy.PSEUDONYM, required=True)
_PERSON = (
    Input(silver.IDENTITIES, valid_at_as_of()),
    Input(silver.ACCOUNTS, valid_at_as_of()),
    Input(silver.CONSENTS, valid_at_as_of()),
)


CUSTOMER_SEGMENTS = Table(
    name="gold.customer_segments",
    grain="one row per as_of_date and customer who may be profiled",
    key=("as_of_date", "customer_id"),
    fields=(
        _AS_OF,
        _CUSTOMER,
        personal(
            "first_order_date",
            "date",
            "Day of the first order in the window, which is that of its first sale line; null without one.",
        ),
        personal(
            "last_order_date",
            "date",
            "Day of the last order in the window, which is that of its first sale line; null without one.",
        ),
        personal("recency_days", "integer", "as_of_date minus last_order_date.", "days"),
        personal(
            "n_orders",
            "long",
            "Orders with a line that sells a product or service; an order is what shares source, order_scope and order_id, "
            "whatever days, currencies and files its lines have.",
            "orders",
            required=True,
        ),
        personal(
            "spend_amount",
            "decimal(18,4)",
            "Sales in `currency`, with what their orders charge or take off beside goods (shipping, vouchers, …), returns not "
            "deducted; null where the sum is beyond what the column holds, and then scored all the same.",
            "currency",
        ),
        personal(
            "return_amount",
            "decimal(18,4)",
            "Returns in `currency`, negative unless more was taken back of vouchers than of goods; null as above.",
            "currency",
        ),
        plain(
            "currency",
            "string",
            "Of the amounts: the reporting currency, or the customer's own where no sale is in it. ISO 4217.",
            required=True,
        ),
        personal("recency_score", "integer", "1 (long ago) to 5 (just now), mid-rank quintile.", "score"),
        personal("frequency_score", "integer", "1 (fewest orders) to 5, mid-rank quintile.", "score"),
        personal("monetary_score", "integer", "1 (least spend) to 5, mid-rank quintile.", "score"),
        personal("rfm_cell", "string", "The three scores as digits, R F M."),
        personal("segment", "string", "Name of the RFM segment; no_orders without a sale.", required=True),
        personal("tier", "string", "new, returning, high_value, potential, churn_warning, dormant or prospect.", required=True),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=_RETENTION,
    inputs=(*_PERSON, Input(silver.ORDER_LINES, until_as_of())),
    parameters=("segments.window_days", "business.reporting_currency", "privacy.min_age"),
    may_be_empty="nobody may have consented yet",
)

SEGMENT_BINS = Table(
    name="gold.segment_bins",
    grain="one row per as_of_date, measure, unit and lowest score of a group of at least privacy.min_group_size customers",
    key=("as_of_date", "measure", "unit", "score"),
    fields=(
        _AS_OF,
        plain("measure", "string", "recency, frequency or monetary.", required=True),
        plain(
            "unit",
            "string",
            "days, orders, or the currency as ISO 4217; customers are scored within one currency.",
            required=True,
        ),
        plain("score", "integer", "Lowest score of the group, 1 to 5.", "score", required=True),
        plain(
            "upper_score",
            "integer",
            "Highest score of the group: the same, unless scores that too few customers have were joined.",
            "score",
            required=True,
        ),
        plain(
            "lower_edge",
            "decimal(18,4)",
            "Smallest value in the group, rounded to two significant digits; null where no group lies below: it is open.",
            "days, orders or currency",
        ),
        plain(
            "upper_edge",
            "decimal(18,4)",
            "Largest value in the group, rounded to two significant digits; null where no group lies above: it is open.",
            "days, orders or currency",
        ),
        plain(
            "n_customers",
            "long",
            "Customers in the group, rounded down to whole privacy.min_group_size; of monetary those whose spend_amount is held.",
            "customers",
            required=True,
        ),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
    retention=_RETENTION,
    inputs=(Input(CUSTOMER_SEGMENTS, same_day()),),
    parameters=("privacy.min_group_size",),
    may_be_empty="nobody may have bought yet, or fewer people than a group needs",
)

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="one row per as_of_date, scenario, rank and customer; a device that nobody logged in on is one once it touched a product",
    key=("as_of_date", "scenario", "customer_id", "rank"),
    fields=(
        _AS_OF,
        plain("scenario", "string", "Where it is shown: home.", required=True),
        _CUSTOMER,
        plain("rank", "integer", "1, 2, … without gaps.", "rank", required=True),
        personal("product_id", "string", "The product.", required=True),
        personal("score", "double", "The link's own score; comparable within one customer and source only.", required=True),
        plain("source", "string", "The link of the chain that gave it: als, popular, or non_personal.", required=True),
        personal("because_product_id", "string", "The customer's own product that speaks most for it; null if none does."),
        plain("model_version", "string", "Version of the registered model; null where none took part."),
    ),
    stage="recommendations",
    write="replace_days",
    day_column="as_of_date",
    retention=_RETENTION,
    inputs=(*_PERSON, Input(silver.INTERACTIONS, until_as_of()), Input(silver.PRODUCTS, valid_at_as_of())),
    parameters=("recommendations.n", "popularity", "interactions.weights", "privacy.min_age"),
    may_be_empty="nobody may be known yet, nothing on sale, or everything known to everybody",
    model="als",
    is_restated=False,
)

MODEL_METRICS = Table(
    name="gold.model_metrics",
    grain="one row per training, model, split and metric",
    key=("training_id", "model_name", "split", "metric"),
    fields=(
        plain("training_id", "string", "The training run.", required=True),
        plain("as_of_date", "date", "Training used days before it.", required=True),
        plain(
            "model_name",
            "string",
            "als; popularity; champion: the one it was compared with; refit: the champion's settings, fitted without those who withdrew.",
            required=True,
        ),
        plain("model_version", "string", "Registered version; null when not registered."),
        plain("split", "string", "How train and test were parted.", required=True),
        plain(
            "metric",
            "string",
            "recall_at_10, ndcg_at_10, coverage_at_10, a ratio with its base, or tuned_ndcg_at_10: of what a search chose.",
            required=True,
        ),
        plain("value", "double", "The metric.", "0–1, or a ratio", required=True),
        plain(
            "lower", "double", "Lower end of the 95 % paired bootstrap interval; null for coverage, which is no mean.", "as value"
        ),
        plain("upper", "double", "Upper end of it.", "as value"),
        plain("n_customers", "long", "Customers who took up a product new to them in the test days.", "customers", required=True),
        plain("is_promoted", "boolean", "Whether this training's model became the champion.", required=True),
    ),
    stage="training",
    write="append_new",
    stays_because="how a model was judged is compared with all before it; it holds no row of a person",
    run_columns=("training_id", "model_version"),
)

TABLES = (CUSTOMER_SEGMENTS, SEGMENT_BINS, RECOMMENDATIONS, MODEL_METRICS)

# Of the manifest what readers of these tables are told beside them: not stored, but shown as a view and written into exports.
SHOWN_VERSIONS = replace(
    ops.PUBLISHED_VERSIONS,
    name="gold.published_versions",
    grain="one row per table of gold or model that is published",
    key=("name",),
    fields=tuple(
        f for name in ("name", "version", "manifest_id", "n_rows") for f in ops.PUBLISHED_VERSIONS.fields if f.name == name
    ),
)
