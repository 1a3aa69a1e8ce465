"""The data dictionary is what the declarations say."""

from reclake import tables
from reclake.run.dictionary import data_dictionary


def test_the_data_dictionary_is_current(root):
    written = (root / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert len(tables.TABLES) >= 30
    assert all(f"## {table.name}\n" in written for table in tables.TABLES)
    assert written == data_dictionary(), "run `make dictionary`"
