"""Funnels: definitions as files, chains of steps, and what becomes of the units that enter (docs/funnels.md)."""
