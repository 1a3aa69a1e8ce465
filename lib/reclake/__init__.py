"""reclake: customer analytics and recommendation on Spark and Delta Lake."""

__version__ = "0.1.0"
