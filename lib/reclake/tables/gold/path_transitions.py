"""From where to where people go within a visit."""

from reclake.tables.declaration import Table, plain
from reclake.tables.histories import PATH_COUNTS
from reclake.tables.inputs import takes

from ._common import AS_OF, RETENTION
from ._paths import DIMENSION, FORM, OTHERS, PATH, VALUE

PATH_TRANSITIONS = Table(
    name="gold.path_transitions",
    grain="one row per as_of_date, definition of paths, breakdown value and pair of nodes that follow each other",
    key=("as_of_date", "path", "dimension", "value", "from_node", "to_node"),
    fields=(
        AS_OF,
        PATH,
        FORM,
        DIMENSION,
        VALUE,
        plain(
            "from_node",
            "string",
            f"Where people were: a node, path_start before the first one, or other: nodes that are {OTHERS}.",
            required=True,
        ),
        plain(
            "to_node",
            "string",
            "Where they went next: a node, path_end after the last one, or other: nodes that are other, and what fewer customers than "
            "privacy.min_group_size went to from from_node, with the next larger one, unless that is nearly all of them: see is_with_others.",
            required=True,
        ),
        plain(
            "n_transitions",
            "long",
            "How often. Over all pairs: the nodes of all paths, and a path_end each; from a node to all others: its visits.",
            "transitions",
            required=True,
        ),
        plain("n_paths", "long", "Paths with the transition; of other the sum over what it joins.", "paths", required=True),
        plain(
            "n_customers",
            "long",
            "Distinct customers behind them; of other the sum over what it joins.",
            "customers",
            required=True,
        ),
        plain(
            "is_with_others",
            "boolean",
            "Whether a few transitions to nodes of fewer customers than privacy.min_group_size are counted in it, at most a tenth.",
            required=True,
        ),
        plain("from_share", "double", "n_transitions over all from from_node.", "0–1", required=True),
        plain("to_share", "double", "n_transitions over all visits of to_node.", "0–1", required=True),
        plain(
            "seconds_median",
            "double",
            "Median time from the first event of one to the first event of the next, of whole seconds; null from path_start, to "
            "path_end and of single values of a breakdown.",
            "seconds",
        ),
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
