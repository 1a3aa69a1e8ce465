"""Code digests follow what a builder means, through what it imports."""

from reclake import tables
from reclake.run import code


def test_every_built_table_has_a_digest_and_rules_count():
    built = [table for table in tables.GATED if table.inputs]
    assert len(built) >= 20
    digests = {table.name: code.code_digest(table) for table in built}
    assert len(set(digests.values())) == len(built)
    behind = code._modules_behind("reclake.silver.events")
    assert {"reclake.silver.events", "reclake.behaviour.bots"} <= behind
    assert not any(module.startswith("reclake.tables") for module in behind)


def test_comments_and_layout_do_not_count_and_a_changed_rule_does(monkeypatch):
    def meaning(text):
        monkeypatch.setattr(code, "_source", lambda module: text)
        return code._meaning.__wrapped__("any")

    plain = meaning("def rule():\n    return 1\n")
    assert meaning('"""Doc."""\n# why\ndef rule():\n    """Doc."""\n    return (1)\n') == plain
    assert meaning("def rule():\n    return 2\n") != plain
