"""How each trained model was judged."""

from reclake.tables.declaration import Table, plain

MODEL_METRICS = Table(
    name="gold.model_metrics",
    grain="one row per training or evaluation, scenario, model, split, segment and metric",
    key=("training_id", "scenario", "model_name", "split", "metric", "segment_kind", "segment"),
    fields=(
        plain("training_id", "string", "The training run, or that of an evaluation.", required=True),
        plain("as_of_date", "date", "Training used days before it.", required=True),
        plain(
            "model_name",
            "string",
            "The model by its name; popularity; champion: the one it was compared with; refit: the champion's settings, fitted without "
            "those who withdrew. Of an evaluation also popular_7_days, last_category and, as it serves, <model>_champion. Of a scenario chain: "
            "its own chain as it serves; chain_challenger: with models that are not promoted; the others: in place of its chain.",
            required=True,
        ),
        plain("model_version", "string", "Registered version; null when not registered."),
        plain("split", "string", "How train and test were parted.", required=True),
        plain(
            "metric",
            "string",
            "recall_at_10, ndcg_at_10, coverage_at_10, a ratio with its base, or tuned_ndcg_at_10: of what a search chose. Of a scenario "
            "its own metric at the length of its list: also precision and hit_rate. Of the weights of linkage expected_precision and "
            "expected_recall, by their own fit.",
            required=True,
        ),
        plain("value", "double", "The metric.", "0–1, or a ratio", required=True),
        plain(
            "lower", "double", "Lower end of the 95 % paired bootstrap interval; null for coverage, which is no mean.", "as value"
        ),
        plain("upper", "double", "Upper end of it.", "as value"),
        plain(
            "n_customers",
            "long",
            "Customers who took up a product new to them in the test days; of a scenario, those of whom its label is true of some product; of "
            "linkage, accounts that say something.",
            "customers",
            required=True,
        ),
        plain("is_promoted", "boolean", "Whether this training's model became the champion.", required=True),
        plain("segment_kind", "string", "Of an evaluation: all, tier, channel or history; null of a training, which judges all."),
        plain(
            "segment",
            "string",
            "Which customers of the kind: the tier at the as_of, the channel of most interactions, how many products were seen before "
            "the cut; all; null as above.",
        ),
        plain(
            "scenario",
            "string",
            "The scenario whose lists were judged, and the block where it has several; null where a model was.",
        ),
        plain("label", "string", "What counted as success of a row, and in how many days after the cut; null as above."),
    ),
    stage="training",
    write="append_new",
    stays_because="how a model was judged is compared with all before it; it holds no row of a person",
    run_columns=("training_id", "model_version"),
)
