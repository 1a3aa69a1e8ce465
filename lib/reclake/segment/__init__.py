"""Scores, segments and tiers of customers."""
