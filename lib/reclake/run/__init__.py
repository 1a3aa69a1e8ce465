"""Running the graph: what is stale, building a stage, taking files in, training."""
