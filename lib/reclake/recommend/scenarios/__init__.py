"""Scenarios of the shop: what is shown where, to whom, under which rules, and why."""
