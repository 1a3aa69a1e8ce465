"""What the company delivers. A module in this folder that has a FEED is a feed, and is discovered.

In what order feeds tell changes no file: each feed has files and draws of its own.
"""

from importlib import import_module
from pkgutil import iter_modules

from .feed import Feed

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
FEEDS: tuple[Feed, ...] = tuple(module.FEED for module in _MODULES if hasattr(module, "FEED"))

__all__ = ["FEEDS", "Feed"]
