"""Which ways of several nodes people walk, and how often they lead to the goal."""

from reclake.tables.declaration import Table, plain
from reclake.tables.histories import PATH_COUNTS
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION
from ._paths import FORM, PATH

PATH_ROUTES = Table(
    name="gold.path_routes",
    grain="one row per as_of_date, definition of paths, number of nodes and route: nodes that follow each other directly",
    key=("as_of_date", "path", "n_nodes", "route"),
    fields=(
        AS_OF,
        PATH,
        FORM,
        plain("n_nodes", "long", "How many nodes the route has, 3 to 8 as the definition asks.", "nodes", required=True),
        plain(
            "route",
            "string",
            "Its nodes, as home > search > cart; other: routes of fewer customers than privacy.min_group_size, the next larger one, "
            "and what lies beyond the definition's top_routes. A number of nodes of which no route has enough customers has no row.",
            required=True,
        ),
        plain(
            "n_occurrences",
            "long",
            "How often it was walked; over the routes of one n_nodes: every place where a path holds that many nodes.",
            "walks",
            required=True,
        ),
        plain("n_paths", "long", "Paths that hold it; null of other, whose routes share paths.", "paths"),
        plain("n_customers", "long", "Distinct customers behind them; null of other.", "customers"),
        plain("n_converted", "long", "Of n_paths those in which the goal ends the route's first walk or follows it.", "paths"),
        plain("support_share", "double", "n_paths over all paths.", "0–1"),
        plain("conversion_share", "double", "n_converted over n_paths.", "0–1"),
        plain("base_share", "double", "Paths that hold the goal over all paths.", "0–1", required=True),
        plain("lift_ratio", "double", "conversion_share over base_share; null where no path holds the goal.", "ratio"),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PATH_COUNTS,),
    catalogues=("paths",),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="nobody may have walked that far, or no route has as many people as a group needs",
)
