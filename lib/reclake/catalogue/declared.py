"""The catalogues that there are, and what one table is given of them."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import reclake
from reclake.errors import UsageError
from reclake.strict import near
from reclake.tables import Shared, Table

from .catalogue import Catalogue
from .item import Item

Items = Mapping[str, Item]


@lru_cache(maxsize=1)
def declared() -> Mapping[str, Catalogue[Any]]:
    """Every catalogue by name: those that a package of rules lists in its module `catalogues`, as CATALOGUES.

    They are looked up, not imported: this package lies below those that use it.
    """
    catalogues: dict[str, Catalogue[Any]] = {}
    for package in pkgutil.iter_modules(reclake.__path__):
        folders = [f"{place}/{package.name}" for place in reclake.__path__]
        if package.ispkg and any(module.name == "catalogues" for module in pkgutil.iter_modules(folders)):
            for catalogue in importlib.import_module(f"reclake.{package.name}.catalogues").CATALOGUES:
                if catalogue.name in catalogues:
                    raise ValueError(f"two packages declare the catalogue {catalogue.name}")
                catalogues[catalogue.name] = catalogue
    return catalogues


def items_of(table: Table | Shared, catalogues: Mapping[str, Items], *, with_shared: bool = False) -> dict[str, Items]:
    """What the builder of a table or shared input is given: catalogue → the items that it declares, in their order.

    With `with_shared` also what the shared inputs of a table are given: all that its rows depend on.

    Raises
    ------
    UsageError
        When it names a catalogue or an item that does not exist.
    """
    given: dict[str, Items] = {}
    names = table.all_catalogues if with_shared and isinstance(table, Table) else table.catalogues
    for name in names:
        catalogue, _, item = name.partition(".")
        if catalogue not in catalogues:
            raise _unknown(table, name, catalogue, catalogues)
        items = catalogues[catalogue]
        if item and item not in items:
            raise _unknown(table, name, item, items)
        wanted = {item} | set(given.get(catalogue, {})) if item else set(items)
        given[catalogue] = {key: one for key, one in items.items() if key in wanted}
    return given


def _unknown(table: Table | Shared, name: str, part: str, known: Collection[str]) -> UsageError:
    hint = near(part, known)
    return UsageError(
        f"{table.name} reads {name}, which does not exist",
        f"{', '.join(sorted(known)) or 'nothing'}",
        f"{f'{hint} ' if hint else ''}add the file, or correct the declaration of {table.name}",
    )


def item_digests(items: Items, nouns: Collection[str]) -> dict[str, str]:
    """The digests of the items that can change a table which is made of these bronze nouns, by name."""
    return {name: item.digest(nouns) for name, item in items.items() if item.concerns(nouns)}


def catalogue_digest(items: Items, nouns: Collection[str]) -> str:
    """One digest of all of these."""
    return hashlib.sha256(json.dumps(item_digests(items, nouns), sort_keys=True).encode()).hexdigest()[:16]
