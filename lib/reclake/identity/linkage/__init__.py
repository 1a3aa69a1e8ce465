"""Probabilistic record linkage (Fellegi and Sunter 1969) of records that do not fit one machine."""
