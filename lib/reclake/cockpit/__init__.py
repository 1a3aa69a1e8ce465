"""Pages of what is in the lake, made of panels; read without Spark."""
