"""Paths: visits as rows of nodes, and the ways that people walk from node to node (docs/paths.md)."""
