"""Catalogues: folders of TOML files, each file an item that tables are built by (docs/catalogues.md)."""

from .catalogue import Catalogue
from .item import Item

__all__ = ["Catalogue", "Item"]
