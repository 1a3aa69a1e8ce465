"""Rules and models that choose products for customers; no I/O."""
