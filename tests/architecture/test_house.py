"""Who may import whom, how big things are, and what they are called: read from the syntax trees."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from reclake import tables

ROOT = Path(__file__).resolve().parents[2]
RULES = {"identity", "behaviour", "segment", "outreach", "value", "recommend", "text", "privacy", "records"}
BUILDERS = {"bronze", "silver", "gold", "ops"}
PLAIN_SOURCE = "sources.source"  # a frozen model without I/O, which builders take as a parameter
WITH_SECTIONS = {
    "behaviour", "identity", "lake", "outreach", "privacy", "quality", "recommend", "run", "segment", "sources", "synthetic", "value",
}  # fmt: skip
FROM_FILES = {"catalogue", "strict"}  # what items and sections of settings are made of: frozen values that people write

# What each package may import besides itself: packages, or single modules of them.
MAY_IMPORT: dict[str, set[str]] = {
    "tables": set(),
    "errors": {"printable"},
    "printable": set(),
    "pages": {"printable"},
    "strict": {"errors"},
    "catalogue": {"errors", "strict", "tables"},
    # A section of settings stands beside the rules that take it, and imports no rule: whatever needs settings needs no Spark.
    "settings": {"errors", "strict"} | {f"{package}.settings" for package in WITH_SECTIONS},
    **{rules: {"errors", "tables", PLAIN_SOURCE} | FROM_FILES | RULES for rules in RULES},
    # lake.schema makes a Spark schema of a declaration, and touches no lake.
    **{builders: {"errors", "tables", "lake.schema", PLAIN_SOURCE} | RULES for builders in BUILDERS},
    "sources": {"privacy", "tables", "errors", "printable"} | FROM_FILES,
    # Looks into files with the readers that an ingest and the records tables use.
    "inspection": {"sources", "records", "privacy", "settings", "tables", "errors", "printable"},
    "synthetic": {"privacy", "tables", "errors", "strict"},
    "lake": {"tables", "errors", "strict"},
    "quality": {"tables", "errors", "strict", "lake.schema"},
    # A registry stores and loads the models of these modules.
    "registry": {
        "tables",
        "errors",
        "recommend.file_lists",
        "recommend.held_out",
        "recommend.interface",
        "recommend.judging",
        "recommend.training",
        "recommend.tuning",
    },
    # privacy.keys makes and checks key files; recommend.training and linkage.account_weights are to the training stage what a builder is to a table;
    # outreach.handover and privacy.encryption say who of a list may still be contacted, and open the contacts of those.
    # behaviour.funnels.people counts one funnel for a command, as gold holds no row of a person.
    # privacy.consent and recommend.lists say what a rollback does to the rows of those who have withdrawn since.
    "run": {
        "catalogue",
        "strict",
        "sources",
        "lake",
        "quality",
        "registry",
        "synthetic",
        "settings",
        "tables",
        "errors",
        "printable",
        "behaviour.funnels.definition",
        "behaviour.funnels.people",
        "behaviour.windows",
        "identity.linkage.account_weights",
        "identity.linkage.estimate",
        "identity.linkage.weights",
        "outreach.catalogues",
        "outreach.handover",
        "outreach.purpose",
        "privacy.consent",
        "privacy.encryption",
        "privacy.keys",
        "inspection.written",
        "recommend.catalogues",
        "recommend.evaluation",
        "recommend.interface",
        "recommend.lists",
        "recommend.pooling",
        "recommend.rivals",
        "recommend.scenarios.contestants",
        "recommend.scenarios.definition",
        "recommend.scenarios.judging",
        "recommend.segments",
        "recommend.settings",
        "recommend.split",
        "recommend.training",
        "recommend.tuning",
        "recommend.weights",
        "recommend.withdrawals",
    }
    | BUILDERS,
    # Reads what runs note and publish, and plans as they do; needs no Spark but where delta-rs reaches no lake.
    # The catalogues of funnels, paths and scenarios say which there are; bitmaps of customers are counted, and dimensions have meanings.
    "look": {
        "value.forecasts",
        "value.purchasing",
        "behaviour.bitmaps",
        "behaviour.dimensions",
        "behaviour.catalogues",
        "behaviour.funnels.definition",
        "behaviour.paths.definition",
        "lake",
        "run.code",
        "run.consent_words",
        "run.dictionary",
        "run.faults",
        "catalogue",
        "run.id_rules",
        "run.items",
        "run.opened",
        "run.plan",
        "run.posting",
        "run.report",
        "run.rights",
        "run.scope",
        "run.settings",
        "run.untaken_rows",
        "run.waivers",
        "inspection.written",
        "outreach.catalogues",
        "outreach.purpose",
        "privacy.encryption",
        "privacy.keys",
        "privacy.pseudonyms",
        "quality.verdict",
        "recommend.catalogues",
        "recommend.scenarios.definition",
        "records.column_reader",
        "records.columns",
        "records.fields",
        "records.raw_json",
        "sources",
        "settings",
        "tables",
        "errors",
        "printable",
    },
    # segment.segments and segment.tiers name what a page shows.
    "cockpit": {"look", "behaviour.dimensions", "pages", "tables", "errors", "segment.segments", "segment.tiers"},
    "cli": {
        "run",
        "cockpit",
        "look",
        "privacy.pseudonyms",
        "printable",
        "inspection",
        "lake",
        "registry",
        "synthetic",
        "recommend.settings",
        "settings",
        "tables",
        "errors",
    },
}
JOBS_MAY_IMPORT = {"run", "look", "lake", "registry", "synthetic", "recommend.settings", "settings", "tables", "errors"}
HEAVY = {
    "pyspark.ml": ("recommend", "registry"),
    "mlflow": ("registry",),
    "optuna": ("recommend.tuning",),
    "great_expectations": ("quality",),
    "delta": ("lake",),
    "torch": ("recommend.sequence",),
    "airflow": (),
    "duckdb": ("look", "run.duckdb_file"),  # the latter runs in an environment of its own
    "deltalake": ("look",),
}

# Larger than a module (250 lines) or a function (70) should be, each a decision.
LONG_MODULES = {
    "reclake.tables.ops": "declarations, one after the other",
    "reclake.tables.silver.records": "declarations, one after the other",
    "reclake.run.plan": "touched days and staleness are one thought",
    "reclake.settings": "one line and one import per section",
    "reclake.synthetic.settings": "sections of one company, one after the other",
}
LONG_FUNCTIONS: dict[str, str] = {}


# Who may write to a terminal, a log or another process, and why: text of others is shown by these doors alone.
DOORS = {
    "reclake.cli.console": "listings and lines, made printable",
    "reclake.cli.main": "flushes what was written, and ends quietly where its reader has gone",
    "reclake.cli.layout": "the width of signs, as rich measures it; it prints nothing",
    "reclake.run.job": "the log, set up once, and the error that ends a process, made printable",
    "reclake.run.duckdb_file": "counts as JSON for the process that started it",
    "reclake.segment.table": "the table of segments, which this package wrote, for the documentation",
}

# Where rows come to the driver, and why they cannot grow with customers or events (design: the driver holds none).
COLLECTED = {
    "identity.rotation.require_one_contact_key": "names of keys, a handful",
    "identity.linkage.account_weights.account_weights": "one count",
    "identity.linkage.linkage.fitted_weights": "a row per pattern of agreement",
    "identity.linkage.population.population": "the same",
    "identity.linkage.population._sizes": "one row of counts",
    "identity.linkage.population._exact_shares": "a row per compared attribute",
    "look.by_spark.batches": "the days of one table",
    "look.by_spark._batches": "one batch at a time; it goes on to DuckDB",
    "lake.catalog._columns": "the columns of one view",
    "lake.catalog.hide_all_but": "the properties of one view",
    "lake.catalog.names": "a row per view",
    "lake.catalog.require_free": "a row per table and view of one database",
    "lake.claims._catch_up": "a row per stage of a run",
    "lake.contents.contents_by_day": "a row per day",
    "lake.contents._validity_content": "a row per day of change",
    "lake.ledger.first_built": "a row per day of one table",
    "lake.ledger.load": "the newest entry of each table and day",
    "lake.ledger.as_then": "the entries of one table, a row per day",
    "lake.manifest._read": "the newest row of each table",
    "lake.manifest.highest": "one number",
    "lake.manifest.lowest_kept": "a row per table",
    "lake.manifest.kept_models": "a row per version that served",
    "lake.log.columns_with_statistics": "names of columns",
    "lake.upkeep.layout": "a row per day whose files are small and many",
    "run.decisions._actions_about": "the actions of one decision: two words at most",
    "run.maintain.erased_below": "a row per table",
    "quality.measures.measure": "one row of counts",
    "quality.measures.count_rows": "one row of counts",
    "recommend.als.fitted_als": "product factors, up to training.max_item_factor_bytes",
    "recommend.als.restored": "the same",
    "recommend.bootstrap.resampled_groups": "a row of sums per resample of each of a few groups",
    "recommend.item_item.fit": "neighbours of products, up to training.max_item_factor_bytes, and one row of counts",
    "recommend.item_item.restored": "the same neighbours",
    "recommend.segments.by_segment": "tiers, channels and lengths of histories, a handful",
    "recommend.index.dense_index": "a row per partition",
    "recommend.tuning.judge": "one sum",
    "recommend.tuning.searched": "the same",
    "run.application.newest_file_day": "one day",
    "run.contact_export._write": "one partition at a time; it goes on into the file",
    "run.building.reasons_for_nothing": "a row per as_of that is empty",
    "run.figure_people._first_rows": "as many rows as are printed",
    "run.figure_people._handed_out": "one partition at a time; it goes on into the file",
    "run.few_rejected.require_few_rejected": "a row per source and delivery day of the run",
    "run.few_rejected._require_corrected": "one row of counts",
    "run.few_rejected._most_common": "three reasons",
    "run.ingest._take_up": "a row per file of the run",
    "run.ingest._known": "batches, one per run",
    "run.outcome.published_by": "a row per table",
    "run.refused_consents._warnings": "a row per source and delivery day of the run",
    "run.untaken._refused": "files that lie in a landing folder",
    "run.untaken.untaken_files": "the same",
    "run.waits._stopped_by_a_gate": "a row per table",
    "run.waivers.in_force": "a row per waiver ever granted or used",
    "sources.intake._changed_since": "files that lie there",
    "sources.earlier.decided_before": "files of the run",
    "sources.hadoop.listed_by_spark": "files that lie there",
    "sources.reading._verdicts": "a row per file of the run",
    "synthetic.company._summary": "counts per table",
    "value.held_out.collected_buckets": "some thousands of buckets of forecasts per currency",
    "value.purchases._collected": "groups of histories, at most customer_value.max_groups",
    "value.purchases.split_day": "a row per day",
}


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module
    n_lines: int

    @property
    def package(self) -> str:
        """The part of reclake that it belongs to."""
        return self.name.split(".")[1] if "." in self.name else self.name

    @property
    def imports(self) -> set[str]:
        """Full names of what it imports, wherever the import stands."""
        return set(_imports(self, ast.walk(self.tree)))

    @property
    def imports_at_load(self) -> set[str]:
        """Full names of what it imports while it is loaded itself."""
        return set(_imports(self, iter(self.tree.body)))


def _imports(module: Module, nodes: Iterator[ast.AST]) -> Iterator[str]:
    folder = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder.split(".")[: len(folder.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _read(path: Path, name: str) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(name, path, ast.parse(text), len(text.splitlines()))


@cache
def modules_of(folder: str, *, package: str = "") -> tuple[Module, ...]:
    root = ROOT / folder
    named = ((path, ".".join(path.relative_to(root).with_suffix("").parts)) for path in sorted(root.rglob("*.py")))
    return tuple(_read(path, f"{package}{name}".removesuffix(".__init__")) for path, name in named)


def lib() -> tuple[Module, ...]:
    found = modules_of("lib")
    assert len(found) >= 60  # nothing found must not pass
    return found


def own_imports(module: Module) -> set[str]:
    """What it imports of reclake, as package.module or package."""
    return {name.removeprefix("reclake.") for name in module.imports if name.startswith("reclake.")}


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def is_within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def test_packages_import_only_what_lies_below_them():
    found = [module for module in lib() if module.name != "reclake"]
    assert {module.package for module in found} <= set(MAY_IMPORT)
    wrong = [
        f"{module.name} imports {name}"
        for module in found
        for name in own_imports(module)
        if not is_within(name, MAY_IMPORT[module.package] | {module.package})
    ]
    assert wrong == []


def test_a_forbidden_import_is_seen():
    """The net of the test above holds: each way of writing the same import is caught."""
    for text in (
        "from reclake.run import stage",
        "import reclake.run.stage",
        "from ..run import stage",
        "def f():\n from reclake.run import x",
    ):
        module = Module("reclake.silver.events", Path("events.py"), ast.parse(text), 1)
        assert not all(is_within(name, MAY_IMPORT["silver"] | {"silver"}) for name in own_imports(module))


def test_no_module_needs_itself_to_load():
    names = {module.name for module in lib()}
    needs = {
        module.name: {name if name in names else name.rpartition(".")[0] for name in module.imports_at_load}
        & names - {module.name}
        for module in lib()
    }
    while loadable := {name for name, needed in needs.items() if not needed & needs.keys()}:
        for name in loadable:
            del needs[name]
    # A package's __init__ may gather its own modules, which name their siblings through it.
    circles = {name: needed & needs.keys() for name, needed in needs.items()}
    assert circles == {}


def _without_leaves(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """What remains of the graph once every module is taken out whose needs are all met: its circles, and what needs them."""
    while loadable := {name for name, needed in needs.items() if not needed & needs.keys()}:
        needs = {name: needed for name, needed in needs.items() if name not in loadable}
    return {name: needed & needs.keys() for name, needed in needs.items()}


def test_no_recommender_needs_itself_in_any_way():
    """Circles count here wherever the import stands: in a function, or for type checkers alone."""
    found = [module for module in lib() if module.package == "recommend" and module.path.name != "__init__.py"]
    assert len(found) >= 12
    needs = {module.name: {name for other in module.imports for name in (other, other.rpartition(".")[0])} for module in found}
    assert _without_leaves(needs) == {}
    lists = "reclake.recommend.lists"
    assert _without_leaves(needs | {lists: needs[lists] | {"reclake.recommend.training"}}), "a circle is not seen"


# The declaration of a model, its trainer and its settings know which model they are of.
OF_A_MODEL = {
    "reclake.tables.models", "reclake.settings", "reclake.recommend.settings", "reclake.recommend.als",
}  # fmt: skip


def _words(module: Module) -> set[str]:
    """All words in identifiers, keywords and texts of the code, docstrings aside."""
    told = {id(node.body[0].value) for node in ast.walk(module.tree) if isinstance(node, _DOCUMENTED) and ast.get_docstring(node)}
    texts = [
        getattr(node, attribute, None)
        for node in ast.walk(module.tree)
        if id(node) not in told
        for attribute in ("id", "attr", "name", "module", "arg", "value")
    ]
    return {word.lower() for text in texts if isinstance(text, str) for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)}


_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def test_what_tunes_trains_judges_stores_and_scores_names_no_model():
    found = (*lib(), *modules_of("dags"), *modules_of("jobs"))
    assert {module.name for module in found if _words(module) & tables.models.BY_NAME.keys()} == OF_A_MODEL


@pytest.mark.parametrize(
    "text", ["x = 'model:als'", "from a import FittedAls", "als_rank = 1", "def f(als): ...", "train(als=1)"]
)
def test_a_named_model_is_seen(text):
    assert "als" in _words(Module("reclake.run.training", Path("training.py"), ast.parse(text), 1))
    assert "als" not in _words(Module("m", Path("m.py"), ast.parse('def f():\n    """About als."""\n    false = also'), 1))


def test_tables_need_the_standard_library_only():
    found = [module for module in lib() if module.package == "tables"]
    assert len(found) >= 5
    foreign = {name for module in found for name in module.imports if not name.startswith("reclake.tables")}
    assert {name for name in foreign if name.split(".")[0] not in sys.stdlib_module_names} == set()


def test_sections_of_settings_need_no_rule_and_no_engine():
    """Looking, the command line and workers read settings: they wait for pydantic alone."""
    found = [module for module in lib() if module.name.endswith(".settings") and module.package != "settings"]
    assert {module.package for module in found} == WITH_SECTIONS
    allowed = {*sys.stdlib_module_names, "pydantic", "reclake"}
    assert {name for module in found for name in module.imports if name.split(".")[0] not in allowed} == set()
    assert {
        name for module in found for name in own_imports(module) if not is_within(name, {"strict", "behaviour.dimensions"})
    } == set()
    asked = "import sys, reclake.settings; sys.exit(len(sys.modules.keys() & {'pyspark', 'delta', 'mlflow', 'numpy'}))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    assert subprocess.run([sys.executable, "-c", asked], env=environment, check=False).returncode == 0


def test_heavy_libraries_stay_in_their_folders():
    seen = set()
    for module in lib():
        for library, homes in HEAVY.items():
            if any(is_within(name, {library}) for name in module.imports):
                seen.add(library)
                assert any(is_within(module.name, {f"reclake.{home}"}) for home in homes), f"{module.name} imports {library}"
    assert {"pyspark.ml", "great_expectations", "delta"} <= seen


# What sends an alert needs the standard library alone: Airflow's own environment sends it where that of the jobs is missing.
@pytest.mark.parametrize(("folder", "allowed"), [("dags", {"tables", "run.posting"}), ("jobs", JOBS_MAY_IMPORT)])
def test_dags_and_jobs_hold_no_logic(folder, allowed):
    found = modules_of(folder)
    assert found
    assert [
        f"{module.name} imports {name}" for module in found for name in own_imports(module) if not is_within(name, allowed)
    ] == []


def test_builders_touch_no_session_clock_or_path():
    """What the imports do not show: actions on a session, the JVM, RDDs and collected rows."""
    found = [module for module in lib() if module.package in BUILDERS]
    assert len(found) >= 20
    forbidden = {"_jvm", "_jsparkSession", "rdd", "sparkContext", "collect", "toPandas", "toLocalIterator", "sql"}
    wrong = [
        f"{module.name}: .{node.attr}"
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in forbidden
    ]
    assert wrong == []


def _catches(node: ast.AST) -> set[str]:
    """Names of what an except clause, `suppress` or `raises` catches; 'everything' for a bare except."""
    if isinstance(node, ast.ExceptHandler):
        return {one.id for one in ast.walk(node.type) if isinstance(one, ast.Name)} if node.type else {"everything"}
    if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] not in ("suppress", "raises"):
        return set()
    # Whatever an error with a stated message is, it is not a failed assertion.
    has_message = any(keyword.arg == "match" for keyword in node.keywords)
    return {ast.unparse(one) for argument in node.args for one in ast.walk(argument)} - ({"Exception"} if has_message else set())


def test_no_test_catches_its_own_failure():
    found = modules_of("tests")
    assert len(found) >= 20
    swallowing = {"AssertionError", "Exception", "BaseException", "everything"}
    wrong = [f"{module.name}:{node.lineno}" for module in found for node in ast.walk(module.tree) if swallowing & _catches(node)]
    assert wrong == []


def _bound_names(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def test_names_say_what_a_thing_is():
    nameless = re.compile(r"^(df\d*|df_\w+|\w+_df|data|tmp\d*|user_?ids?|item_?ids?|users?)$")
    words = {"utils", "common", "misc", "manager", "base", "helpers"}
    assert [module.name for module in lib() if words & set(module.name.split("."))] == []
    assert [
        f"{module.name}:{line} {name}" for module in lib() for line, name in _bound_names(module) if nameless.match(name)
    ] == []


def test_what_is_long_is_a_decision():
    found = lib()
    long_modules = {module.name for module in found if module.n_lines > 250}
    long_functions = {
        f"{module.name}.{function.name}"
        for module in found
        for function in functions_of(module)
        if function.end_lineno - function.lineno >= 70
    }
    assert long_modules - set(LONG_MODULES) == set()
    assert long_functions - set(LONG_FUNCTIONS) == set()
    assert set(LONG_MODULES) <= {module.name for module in found}


def _ways_out(module: Module) -> Iterator[str]:
    """What of it writes to where a person looks."""
    out_of_modules = {
        "typer.echo",
        "typer.secho",
        "click.echo",
        "warnings.warn",
        "logging.basicConfig",
        "os.write",
        "pprint.pprint",
    }
    for node in ast.walk(module.tree):
        name = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        is_stream = re.fullmatch(r"(sys\.)?(__)?(stdout|stderr)(__)?", name)
        is_printing = name == "print" or re.fullmatch(r"traceback\.print_\w+|logging\.(\w*Handler|lastResort)", name)
        if is_stream or is_printing or name in out_of_modules:
            yield name
    yield from (name for name in module.imports if name.split(".")[0] in ("rich", "click", "tqdm"))


def test_nobody_prints_beside_the_doors():
    found = {module.name: set(_ways_out(module)) for module in (*lib(), *modules_of("jobs"))}
    assert {name for name, ways in found.items() if ways} == set(DOORS)


@pytest.mark.parametrize(
    "text",
    [
        "print(1)", "import sys\nsys.stdout.write('x')", "from sys import stderr\nstderr.write('x')", "import rich",
        "from rich.console import Console", "import typer\ntyper.echo('x')", "import traceback\ntraceback.print_exc()",
        "import logging\nlogging.StreamHandler()", "import warnings\nwarnings.warn('x')", "import sys\nsys.__stdout__.write('x')",
    ],
)  # fmt: skip
def test_a_way_out_is_seen(text):
    assert set(_ways_out(Module("reclake.run.views", Path("views.py"), ast.parse(text), 1)))


def test_what_comes_to_the_driver_is_listed_with_its_bound():
    actions = {"collect", "collectAsArrow", "toArrow", "toLocalIterator", "toPandas"}
    found = {
        f"{module.name}.{function.name}".removeprefix("reclake.")
        for module in lib()
        for function in functions_of(module)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in actions
    }
    assert found == set(COLLECTED)


def _docstrings(module: Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (told := ast.get_docstring(node)):
            yield getattr(node, "name", module.name), told


def test_docstrings_say_something():
    form = re.compile(
        r"<(description|summary|type|text|param)\w*>|_summary_|_description_|\bTODO\b|\bFIXME\b|:param|^(The )?(description|docstring)\b",
        re.IGNORECASE,
    )
    told = [(module.name, name, text) for module in lib() for name, text in _docstrings(module)]
    assert len(told) >= 200
    empty = [
        f"{module}.{name}"
        for module, name, text in told
        if form.search(text) or re.sub(r"\W|_", "", text).lower() == name.replace("_", "").lower()
    ]
    assert empty == []
