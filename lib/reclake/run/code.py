"""Digests of what a day is made with: the builder and its rules, its settings, its suite."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reclake.catalogue.declared import Items, catalogue_digest, declared, item_digests
from reclake.errors import UsageError
from reclake.quality.particular import SuiteRefused, suite_path
from reclake.quality.whole import whole_suite, written_form
from reclake.tables import Shared, Table, models

# What a builder imports from here carries no rule of its own; nor does a section of settings, whose values count.
_WITHOUT_RULES = ("reclake.tables", "reclake.errors", "reclake.strict", "reclake.catalogue")
_SECTIONS = ".settings"
# Machines for rules, not rules: what they compute is fixed by our code, and a new version must not make years of days
# stale. Lists of crawlers and of numbering plans are rules, and come with the version of their package.
_ENGINES = frozenset({"pyspark", "delta", "numpy", "scipy", "pandas", "pyarrow", "pydantic"})
# By digest of a suite that of the same rules in the order of a file that held all of them: days built then are not stale
# (docs/decisions/0051).
_DIGESTS_OF_WHOLE_FILES = {
    "32e31a28b62e7342": "4009a35aa8c07c96",  # silver.order_records
    "73b6f9f76f5b88f3": "09f4c4e0bb4552d9",  # silver.order_lines
    "da5ac30985df75dd": "56bcf92f21778c94",  # silver.events
}
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
# Where keys lie and when a run began change no row's meaning.
_UNDIGESTED = ("secrets.", "run.")


def module_of(made: Table | Shared) -> str:
    """Where the function lies that makes a table or a shared input."""
    return f"reclake.{made.module}" if isinstance(made, Shared) else f"reclake.{made.layer}.{made.noun}"


def builder_of(made: Table | Shared) -> Callable[..., Any]:
    """The function named after the table or shared input, in the module named after it."""
    name = made.name if isinstance(made, Shared) else made.noun
    builder: Callable[..., Any] = getattr(importlib.import_module(module_of(made)), name)
    return builder


@cache
def code_digest(table: Table) -> str:
    """The digest of the table's declaration, and of the code of its builder, shared inputs, trainers and items' types."""
    required = (table.required_if_kept,) if table.required_if_kept else ()  # a rule of the records that are kept
    declaration = repr((table.name, table.key, [(f.name, f.type) for f in table.fields], *required))
    item_types = sorted({declared()[one.partition(".")[0]].item.__module__ for one in table.all_catalogues})
    made: tuple[Table | Shared, ...] = (table, *table.shared)
    modules = [*map(module_of, made), *(model.trainer.partition(":")[0] for model in models.serving(table))]
    # A table that is taken in or written by the runner itself has no builder, and its layer perhaps no package.
    built_by = [module_digest(module, *item_types) if _is_module(module) else "" for module in modules]
    return hashlib.sha256("\n".join([declaration, *built_by]).encode()).hexdigest()[:16]


def module_digest(*names: str) -> str:
    """The digest of modules and of all reclake modules that they import.

    Of other packages that these import the versions count, but for engines. Comments, docstrings and layout do not count.
    """
    modules = sorted(_modules_behind(*names))
    meant = [f"{module}\n{_meaning(module)}" for module in modules]
    versions = [f"{package} {_version(package)}" for package in _packages_behind(modules)]
    return hashlib.sha256("\n".join([*meant, *versions]).encode()).hexdigest()[:16]


def settings_digest(table: Table, values: Mapping[str, Any]) -> str:
    """The digest of the settings that the builder takes, by their full names, and of items that count as settings."""
    counted = {key: _plain(table, value) for key, value in values.items() if not key.startswith(_UNDIGESTED)}
    return hashlib.sha256(json.dumps(counted, sort_keys=True, default=str).encode()).hexdigest()[:16]


def catalogue_digests(table: Table, items: Mapping[str, Items]) -> dict[str, str]:
    """`catalogue:NAME` → the digest of the items of it that the table's builder takes."""
    return {f"catalogue:{name}": catalogue_digest(of_one, _bronze_behind(table)) for name, of_one in items.items()}


def suite_digest(folder: Path, table: Table) -> str:
    """The digest of the table's whole suite: derived rules and those of its file, however the file is written.

    Of a suite that no gate passes it is the digest of the file, or 'none' if there is none.
    """
    path = suite_path(folder, table)
    try:
        content = written_form(whole_suite(folder, table)).encode()
    except SuiteRefused:
        if not path.is_file():
            return "none"
        content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return _DIGESTS_OF_WHOLE_FILES.get(digest, digest)


def _plain(table: Table, value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        # A source counts where its records arrive: a mended mapping of products makes no event stale.
        return item_digests(value, _bronze_behind(table))
    return value


@cache
def _bronze_behind(table: Table) -> frozenset[str]:
    """The bronze nouns that the table is made of."""
    if table.layer == "bronze":
        return frozenset({table.noun})
    return frozenset().union(*(_bronze_behind(i.table) for i in table.reads if i.feeds))


def _modules_behind(*names: str) -> set[str]:
    found: set[str] = set()
    waiting = [*names]
    while waiting:
        module = waiting.pop()
        if module not in found and not module.startswith(_WITHOUT_RULES) and not module.endswith(_SECTIONS):
            found.add(module)
            waiting.extend(_imports_of(module))
    return found


@cache
def _spec(name: str) -> ModuleSpec | None:
    """Where a module lies, or none; found, not imported, nor any above it: whoever only looks at a lake needs no Spark."""
    above = name.rpartition(".")[0]
    if not above:
        return importlib.util.find_spec(name)
    package = _spec(above)
    if package is None or package.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(name, package.submodule_search_locations)


@cache
def _source(module: str) -> str:
    """The module's text, from a folder or a zipped wheel.

    Raises
    ------
    UsageError
        When there is none: a digest of nothing would hide every change.
    """
    spec = _spec(module)
    # Not every loader that has it is an InspectLoader: that of a zipped wheel is none.
    get_source: Callable[[str], str | None] | None = getattr(spec.loader if spec else None, "get_source", None)
    text = get_source(module) if get_source else None
    if text is None:
        raise UsageError(f"the code of {module} cannot be read", "no source text", "install reclake with its .py files")
    return text


def _packages_behind(modules: Iterable[str]) -> list[str]:
    """Packages of others, engines aside, that the modules import anywhere."""
    imported = {name.partition(".")[0] for module in modules for name in _names_in(module)}
    return sorted(imported - sys.stdlib_module_names - _ENGINES - {"reclake"})


@cache
def _version(package: str) -> str:
    """The version of what was installed under the package's name, or of all that share it."""
    installed = sorted({found.metadata["Name"] for found in metadata.distributions() if _brings(found, package)})
    return " ".join(f"{name}=={metadata.version(name)}" for name in installed) or "none"


def _brings(installed: metadata.Distribution, package: str) -> bool:
    """Whether a distribution brings the package, as `metadata.packages_distributions` tells; that parses every list of files."""
    if declared := (installed.read_text("top_level.txt") or "").split():
        return package in declared
    record = f"\n{installed.read_text('RECORD') or ''}"
    return bool(re.search(rf"\n{re.escape(package)}(/[^,\n]*)?\.py,", record))


def _imports_of(module: str) -> list[str]:
    return [name for name in _names_in(module) if name.startswith("reclake.") and _is_module(name)]


@cache
def _names_in(module: str) -> tuple[str, ...]:
    """What the module imports, wherever the import stands; of `from a import b` both a and a.b, as b may be a module."""
    spec = _spec(module)
    is_package = spec is not None and spec.submodule_search_locations is not None
    return tuple(_imported(_tree(module), module if is_package else module.rpartition(".")[0]))


@cache
def _tree(module: str) -> ast.Module:
    """The module's syntax without its docstrings."""
    tree = ast.parse(_source(module))
    for node in _statements(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body.pop(0)
    return tree


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = importlib.util.resolve_name("." * node.level + base, package)
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement and block: expressions hold none, and are not walked through."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in _BLOCKS:
            within = getattr(node, name, None)
            waiting += within if isinstance(within, list) else []


@cache
def _is_module(name: str) -> bool:
    return _spec(name) is not None


@cache
def _meaning(module: str) -> str:
    return ast.dump(_tree(module))
