"""What a table may declare of catalogues."""

import pytest

from reclake.tables import Input, Table
from reclake.tables.declaration import plain, same_day


def table(name="gold.marks", *catalogues, inputs=()):
    fields = (plain("a", "string", ""),)
    return Table(
        name=name, grain="", key=("a",), fields=fields, stage="s", write="replace_whole", catalogues=catalogues, inputs=inputs
    )


def test_a_table_reads_a_catalogue_or_named_items():
    assert table("gold.marks", "tags", "funnels.checkout", "funnels.sign_up").catalogues[0] == "tags"


@pytest.mark.parametrize(
    ("catalogues", "message"),
    [
        (("Tags",), "are no catalogues"),
        (("tags.loyal.deep",), "are no catalogues"),
        (("../tags",), "are no catalogues"),
        (("tags\n",), "are no catalogues"),
        (("tags", "tags"), "each once"),
        (("tags", "tags.loyal"), "each once"),
        (("tags.loyal", "tags.loyal"), "each once"),
    ],
)
def test_a_catalogue_that_is_misspelt_or_named_twice_is_refused(catalogues, message):
    with pytest.raises(ValueError, match=message):
        table("gold.marks", *catalogues)


def test_an_input_and_a_catalogue_do_not_share_a_parameter():
    events = Input(table("silver.events"), same_day())
    with pytest.raises(ValueError, match=r"an input and a catalogue as \['events'\]"):
        table("gold.marks", "events.any", inputs=(events,))
