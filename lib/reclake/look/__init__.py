"""Looking at a lake: published versions read without Spark, and what can be said of them."""
