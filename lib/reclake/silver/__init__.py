"""One builder per silver table."""
