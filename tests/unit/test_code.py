"""Code digests follow what a builder means, through what it imports."""

import ast
import os
import shutil
import subprocess
import sys
from importlib import metadata

from lakes import ROOT
from reclake import tables
from reclake.run import code
from reclake.sources.catalogues import SOURCES
from reclake.tables import gold, silver


def test_every_built_table_has_a_digest_and_rules_count():
    built = [table for table in tables.GATED if table.reads]
    assert len(built) >= 20
    digests = {table.name: code.code_digest(table) for table in built}
    assert len(set(digests.values())) == len(built)
    behind = code._modules_behind("reclake.silver.events")
    assert {"reclake.silver.events", "reclake.behaviour.bots"} <= behind
    assert not any(module.startswith("reclake.tables") for module in behind)


def test_what_items_and_settings_are_made_of_is_no_rule():
    """Their values count: another section, or another line of the loader, makes no day stale."""
    assert "reclake.behaviour.settings" in code._imports_of("reclake.behaviour.bots")
    assert "reclake.catalogue" in code._imports_of("reclake.sources.source")
    behind = code._modules_behind("reclake.silver.events")
    assert "reclake.sources.source" in behind
    assert not any(
        module.endswith(".settings") or module.startswith(("reclake.strict", "reclake.catalogue")) for module in behind
    )


def test_comments_and_layout_do_not_count_and_a_changed_rule_does(monkeypatch):
    def meaning(text):
        monkeypatch.setattr(code, "_source", lambda module: text)
        return ast.dump(code._tree.__wrapped__("any"))

    plain = meaning("def rule():\n    return 1\n")
    assert meaning('"""Doc."""\n# why\ndef rule():\n    """Doc."""\n    return (1)\n') == plain
    assert meaning("def rule():\n    return 2\n") != plain


def test_versions_of_packages_that_bring_rules_count_and_those_of_engines_do_not(monkeypatch):
    def behind(module):
        return code._packages_behind(code._modules_behind(module))

    assert behind("reclake.silver.events") == ["crawleruseragents"]
    assert "phonenumbers" in behind("reclake.silver.account_records")
    assert behind("reclake.gold.segment_bins") == []
    assert code._version("crawleruseragents") == f"crawler-user-agents=={metadata.version('crawler-user-agents')}"
    assert code._version("not_installed") == "none"

    def digests():
        return {
            table: code.code_digest.__wrapped__(table) for table in (silver.EVENTS, silver.ACCOUNT_RECORDS, gold.SEGMENT_BINS)
        }

    before, version = digests(), code._version
    monkeypatch.setattr(code, "_version", lambda package: "2.0" if package == "crawleruseragents" else version(package))
    changed = {table.name for table, digest in digests().items() if digest != before[table]}
    assert changed == {"silver.events"}


def test_a_mended_mapping_of_products_makes_no_event_stale():
    demo = SOURCES.read(ROOT / "conf" / "sources" / "demo.toml")
    feeds = {name: feed for name, feed in demo.feeds.items() if feed.table != "products"}
    other = demo.model_copy(update={"feeds": feeds})

    def digests(source):
        named = {"sources": {"demo": source}}
        return {table.name: code.settings_digest(table, named) for table in tables.GATED if "sources" in table.catalogues}

    before, after = digests(demo), digests(other)
    moved = {name for name in before if before[name] != after[name]}
    assert {"silver.product_records"} <= moved
    assert not moved & {"silver.event_records", "silver.order_records", "silver.events", "silver.interactions"}


def test_a_zipped_wheel_has_the_digests_of_the_folder(tmp_path):
    """As a driver on a cluster has it: else a run there would take every day for built by other code, or by any."""
    wheel = shutil.make_archive(str(tmp_path / "reclake"), "zip", ROOT / "lib", "reclake")
    asked = """
from reclake import tables
from reclake.run import code
import sys
assert ".zip" in code.__file__, code.__file__
sys.stdout.write(" ".join(code.code_digest(table) for table in tables.GATED))
"""
    environment = os.environ | {"PYTHONPATH": wheel}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    # Not what is cached: a test before may have declared a model.
    assert done.stdout.split() == [code.code_digest.__wrapped__(table) for table in tables.GATED]
