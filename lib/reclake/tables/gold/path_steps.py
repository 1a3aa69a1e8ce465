"""Where people are in each step of a visit, and on their ways to and from a node."""

from reclake.tables.declaration import Table, plain
from reclake.tables.histories import PATH_COUNTS
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION
from ._paths import DIMENSION, FORM, OTHERS, PATH, VALUE

PATH_STEPS = Table(
    name="gold.path_steps",
    grain="one row per as_of_date, definition of paths, breakdown value, anchor, its occurrence, direction, step and node",
    key=("as_of_date", "path", "dimension", "value", "anchor", "occurrence", "direction", "step", "node"),
    fields=(
        AS_OF,
        PATH,
        FORM,
        DIMENSION,
        VALUE,
        plain("anchor", "string", "Where the ways begin, or end: path_start, or an anchor of the definition.", required=True),
        plain(
            "occurrence",
            "string",
            "Which visit of the anchor in a path: first, last, or all, each a way of its own. Of path_start first.",
            required=True,
        ),
        plain("direction", "string", "from: what follows the anchor. to: what lies before it.", required=True),
        plain(
            "step",
            "integer",
            "How far from the anchor: 1 is its neighbour; from path_start the first node.",
            "step",
            required=True,
        ),
        plain(
            "node",
            "string",
            "Where the way is in this step: a node; path_end once nothing follows; path_start once nothing lies before; other: "
            f"nodes that are {OTHERS}, in all or in this step.",
            required=True,
        ),
        plain("n_at_node", "long", "Ways that are there. Over the nodes of a step: n_ways.", "ways", required=True),
        plain(
            "n_customers", "long", "Distinct customers on them; of other the sum over what it joins.", "customers", required=True
        ),
        plain(
            "n_ways",
            "long",
            "All ways: paths that hold the anchor, of occurrence all its visits; from path_start all paths.",
            "ways",
            required=True,
        ),
        plain("n_paths", "long", "Paths that hold the anchor.", "paths", required=True),
        plain("node_share", "double", "n_at_node over n_ways: the shares of a step sum to one.", "0–1", required=True),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="as_of_date",
    retention=RETENTION,
    inputs=(PATH_COUNTS,),
    catalogues=("paths",),
    parameters=takes(min_group_size="privacy.min_group_size"),
    may_be_empty="nobody may have been seen on a device, or fewer people than a group needs",
)
