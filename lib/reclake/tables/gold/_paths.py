"""What the tables of paths share."""

from reclake.tables.declaration import plain

OTHERS = "of fewer customers than privacy.min_group_size, the next larger one, and those beyond the definition's top_nodes"
PATH = plain("path", "string", "The definition of paths, a file of conf/paths.", required=True)
FORM = plain("form", "string", "raw: every event is a node of its own; collapsed: a run of one node is one.", required=True)
DIMENSION = plain("dimension", "string", "The breakdown: all, or one that the definition declares.", required=True)
VALUE = plain(
    "value",
    "string",
    "Its value at the first node of the path; all without a breakdown; unknown; other: values of fewer customers than "
    "privacy.min_group_size, and the next larger one.",
    required=True,
)
