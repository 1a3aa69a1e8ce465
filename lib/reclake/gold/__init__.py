"""Builders of gold: one module per table."""
