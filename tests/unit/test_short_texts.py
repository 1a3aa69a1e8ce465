"""What a worker keeps of texts of persons is bounded in number and in length."""

import ast
import sys
from pathlib import Path

import pytest

from reclake.behaviour.bots import is_listed
from reclake.privacy.contact_data import normalised_phone
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys, account_ids, contact_tokens, device_ids
from reclake.privacy.short_texts import LONGEST, kept_if_short

LIB = Path(__file__).resolve().parents[2] / "lib" / "reclake"


@pytest.fixture
def keys(tmp_path):
    make_key_files(str(tmp_path), ("id1", "c1"))
    return Keys(str(tmp_path), "id1", "c1", "CN")


def test_the_same_answer_comes_for_short_and_long_texts(keys):
    for text in ("a", "b" * LONGEST, "c" * (LONGEST + 1), "d" * 100_000):
        assert device_ids(keys, "demo")(text) == device_ids(keys, "demo")(text)
        assert account_ids(keys, "demo")("app", text) == account_ids(keys, "demo")("app", text)
        assert contact_tokens(keys, "phone")(text) is None
    assert len({device_ids(keys, "demo")(one * 1000) for one in "abc"}) == 3


@pytest.mark.parametrize("n_signs", [LONGEST // 2, 100_000])
def test_a_long_text_is_not_kept(keys, n_signs):
    text = "".join(["Mozilla/5.0 ", "x" * n_signs])
    before = sys.getrefcount(text)
    is_listed(text)
    normalised_phone(text, "CN")
    device_ids(keys, "demo")(text)
    account_ids(keys, "demo")("app", text)
    n_kept = sys.getrefcount(text) - before
    assert n_kept >= 4 if n_signs < LONGEST else n_kept == 0


def test_answers_are_kept_for_so_many_texts():
    asked = []

    @kept_if_short(3)
    def size(text):
        asked.append(text)
        return len(text)

    for text in ("a", "b", "c", "d", "a", "d"):
        size(text)
    assert asked == ["a", "b", "c", "d", "a"]


def test_no_cache_is_without_bound():
    """Of what is asked on workers: `cache` and `lru_cache(None)` keep all that they were ever asked."""
    found = {}
    for path in sorted(LIB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found |= {f"{path.relative_to(LIB)}:{node.name}": ast.unparse(one) for one in node.decorator_list}
    caches = {name: text for name, text in found.items() if "cache" in text and "cached_property" not in text}
    assert len(caches) >= 10
    unbounded = {name for name, text in caches.items() if "maxsize" not in text or "None" in text}
    # Of modules and tables, whose number the program fixes.
    assert {name.split(":")[0] for name in unbounded} <= {"run/code.py"}
