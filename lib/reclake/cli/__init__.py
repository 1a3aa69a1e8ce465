"""The command line: thin, every listing also as JSON."""

from .main import app, main

__all__ = ["app", "main"]
