"""The cube of behaviour: which pairs of dimensions are counted, and how."""
