"""As_ofs of one pass are planned a few at a time, each once and in order."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from reclake.run import building
from reclake.run.plan import Work
from reclake.tables import gold


class Rows(list):
    """What stands for a frame here."""

    def unionByName(self, other):  # noqa: N802
        return Rows([*self, *other])


@pytest.fixture
def run():
    return SimpleNamespace(app=SimpleNamespace(arguments=lambda parameters: {}, items=lambda table: {}))


def work_on(*days):
    return Work(replace(gold.CUSTOMER_SEGMENTS, inputs=(), parameters=()), dict.fromkeys(days, "never built"))


@pytest.mark.parametrize(
    ("at_once", "parts"),
    [
        (1, [["01"], ["02"], ["03"], ["04"], ["05"]]),
        (2, [["01", "02"], ["03", "04"], ["05"]]),
        (9, [["01", "02", "03", "04", "05"]]),
    ],
)
def test_a_part_is_a_union_of_few_as_ofs(run, monkeypatch, at_once, parts):
    monkeypatch.setattr(building, "AS_OFS_AT_ONCE", at_once)
    monkeypatch.setattr(building, "DataFrame", Rows)
    work = work_on(*(f"2026-03-0{n}" for n in (4, 2, 5, 1, 3)))

    def builder(*, as_of):
        return Rows([f"{as_of:%d}"])

    assert list(building.built_in_parts(run, work, builder)) == parts
    assert building.built(run, work, builder) == ["01", "02", "03", "04", "05"]
