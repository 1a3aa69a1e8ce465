"""Catalogues: what a folder of items may hold, what an item's digest counts, and what a table is given of it."""

import os
import re
import textwrap
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import Field, PositiveInt

from lakes import ROOT
from reclake.catalogue import Catalogue, Item
from reclake.catalogue.declared import catalogue_digest, declared, items_of
from reclake.errors import SettingsInvalid, UsageError
from reclake.strict import MAX_BYTES, Strict
from reclake.tables import Input, Table
from reclake.tables.declaration import plain
from reclake.tables.inputs import same_day


class Bought(Strict):
    kind: Literal["bought"]
    least_amount: Decimal


class Seen(Strict):
    kind: Literal["seen"]
    least_pages: PositiveInt = 1


class Tag(Item):
    window_days: PositiveInt
    level: Literal["account", "customer"] = "customer"
    of: tuple[Annotated[Bought | Seen, Field(discriminator="kind")], ...] = ()
    words: dict[str, str] = Field(default_factory=dict)


TAGS = Catalogue(name="tags", noun="tag", item=Tag, explained_in="docs/tags.md")
LOYAL = """
description = "Comes again."
window_days = 30
of = [{ kind = "bought", least_amount = "10.50" }, { kind = "seen", least_pages = 2 }]

[words]
en = "loyal"
zh = "忠诚"
"""


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "conf" / "tags"
    place.mkdir(parents=True)
    return place


def write(folder, name="loyal", text=LOYAL):
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def read(folder, text=LOYAL, name="loyal"):
    write(folder, name, text)
    return TAGS.read(folder / f"{name}.toml")


def changed(old, new):
    assert LOYAL.count(old) == 1
    return LOYAL.replace(old, new)


def refused(folder, text=None, name="loyal"):
    """The three lines about a file, without the words that begin the last two."""
    if text is not None:
        write(folder, name, text)
    with pytest.raises(SettingsInvalid) as error:
        TAGS.read(folder / f"{name}.toml")
    assert len(str(error.value).splitlines()) == 3
    assert f"tag file {name}.toml" in error.value.args[0]
    assert "docs/tags.md" in error.value.args[2] or f"name the file {error.value.args[1].split(chr(39))[1]}.toml" in str(
        error.value
    )
    return error.value.args[1]


class TestReading:
    def test_items_come_by_name_in_order_frozen_and_typed(self, folder, tmp_path):
        for name in ("new", "loyal", "back_again"):
            write(folder, name)
        (folder / ".#loyal.toml").symlink_to("anna@desk.1234")  # as an editor leaves it
        (folder / "README.md").write_text("Tags.")
        items = TAGS.load(TAGS.place(tmp_path, setting=None))
        assert list(items) == ["back_again", "loyal", "new"]
        assert items["loyal"] == Tag(
            name="loyal", description="Comes again.", window_days=30, words={"en": "loyal", "zh": "忠诚"},
            of=(Bought(kind="bought", least_amount=Decimal("10.5")), Seen(kind="seen", least_pages=2)),
        )  # fmt: skip
        with pytest.raises(ValueError, match="frozen"):
            items["loyal"].window_days = 31

    def test_those_that_are_asked_for_come_in_that_order(self, folder):
        for name in ("a", "b", "c"):
            write(folder, name)
        write(folder, "broken", "window_days = ")
        assert list(TAGS.load(folder, ["c", "a"])) == ["c", "a"]

    def test_a_folder_that_does_not_exist_holds_no_item(self, tmp_path):
        assert TAGS.load(tmp_path / "nothing") == {}

    def test_a_setting_may_state_the_folder(self, tmp_path):
        of_setting = Catalogue(name="tags", noun="tag", item=Tag, explained_in="", setting="tags.directory")
        assert of_setting.place(tmp_path, {"tags.directory": "own/tags"}.__getitem__) == tmp_path / "own" / "tags"
        with pytest.raises(ValueError, match="not by both"):
            Catalogue(name="tags", noun="tag", item=Tag, explained_in="", setting="tags.directory", folder="conf/t")

    def test_an_item_that_does_not_exist_is_named_with_those_that_do(self, folder):
        write(folder)
        with pytest.raises(UsageError) as error:
            TAGS.load(folder, ["loyall"])
        assert error.value.args == (
            "there is no tag 'loyall'", "tags loyal", "did you mean 'loyal'? see docs/tags.md to add one",
        )  # fmt: skip


class TestMistakes:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (
                "window_days = 30", "window_day = 30",
                "window_days: is missing; window_day: is no known key (did you mean 'window_days'?), "
                "known are name, description, description_zh, window_days, level, of, words",
            ),
            (
                "window_days = 30", "window_days = 0\nlevel = 'customers'",
                "window_days: Input should be greater than 0; "
                "level: Input should be 'account' or 'customer' (did you mean 'customer'?)",
            ),
            (
                "least_pages = 2", "pages = 2",
                "of.1.seen.pages: is no known key (did you mean 'least_pages'?), known are kind, least_pages",
            ),
            ('least_amount = "10.50"', 'x = 1', "of.0.bought.least_amount: is missing; of.0.bought.x: is no known key, known are kind, least_amount"),
            ('zh = "忠诚"', "zh = 1", "words.zh: Input should be a valid string"),
            ('description = "Comes again."', 'description = ""', "description: String should have at least 1 character"),
        ],
    )  # fmt: skip
    def test_every_mistake_is_told_with_its_key_and_what_is_allowed(self, folder, old, new, message):
        assert refused(folder, changed(old, new)) == message

    def test_an_item_is_named_as_its_file(self, folder):
        assert read(folder, f'name = "loyal"\n{LOYAL}').name == "loyal"
        assert refused(folder, f'name = "other"\n{LOYAL}') == "it names the tag 'other'"
        assert "name: String should match pattern" in refused(folder, name="Loyal", text=LOYAL)

    def test_what_is_no_toml_is_told_with_its_line(self, folder):
        assert "it is not TOML" in (message := refused(folder, changed("window_days = 30", "window_days = ")))
        assert "line 3" in message

    def test_what_is_not_utf_8_is_refused(self, folder):
        (folder / "loyal.toml").write_bytes(LOYAL.encode("gb18030"))
        assert refused(folder) == f"it is not UTF-8: byte {LOYAL.index('忠') + 1}"

    def test_what_is_too_large_is_refused(self, folder):
        comment = "#" * (MAX_BYTES - len(LOYAL.encode()) - 1) + "\n"
        assert read(folder, comment + LOYAL).window_days == 30
        assert refused(folder, "#" + comment + LOYAL) == "1,048,577 bytes, and 1,048,576 are allowed"

    def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(self, folder, tmp_path):
        outside = tmp_path / "outside.toml"
        outside.write_text(LOYAL, encoding="utf-8")
        (folder / "loyal.toml").symlink_to(outside)
        assert refused(folder) == "it is a link out of tags/"
        (folder / "..2026").mkdir()  # as Kubernetes mounts a folder of settings
        write(folder / "..2026", "kept")
        (folder / "kept.toml").symlink_to("..2026/kept.toml")
        assert TAGS.read(folder / "kept.toml").name == "kept"

    def test_a_pipe_is_not_opened(self, folder):
        os.mkfifo(folder / "loyal.toml")
        assert refused(folder) == "it is no regular file"

    def test_a_file_that_is_gone_is_named(self, folder):
        assert refused(folder) == f"nothing at {folder / 'loyal.toml'}"


class TestDigest:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("window_days = 30", "# the month\n\nwindow_days   =   3_0"),
            ("window_days = 30", 'window_days = 30\nlevel = "customer"'),
            ('least_amount = "10.50"', "least_amount = 10.5"),
            ('{ kind = "seen", least_pages = 2 }', '{ least_pages = 2, kind = "seen" },'),
            ('en = "loyal"\nzh = "忠诚"', 'zh = "\\u5fe0\\u8bda"\nen = "loyal"'),
            ("Comes again.", "Comes back."),
        ],
    )
    def test_layout_comments_order_of_keys_defaults_and_the_description_do_not_count(self, folder, old, new):
        assert read(folder, changed(old, new)).digest() == read(folder).digest()

    def test_every_other_value_counts(self, folder):
        changes = [
            ("window_days = 30", "window_days = 31"), ("window_days = 30", 'window_days = 30\nlevel = "account"'), ("10.50", "10.51"),
            ("least_pages = 2", "least_pages = 3"), (', { kind = "seen", least_pages = 2 }', ""), ('zh = "忠诚"', 'zh = "忠"'),
            ('{ kind = "bought", least_amount = "10.50" }, ', ""), ('zh = "忠诚"', 'de = "忠诚"'),
        ]  # fmt: skip
        digests = {read(folder, changed(old, new)).digest() for old, new in changes}
        assert len(digests | {read(folder).digest()}) == len(changes) + 1
        assert read(folder, name="other").digest() != read(folder).digest()

    def test_a_new_key_with_a_default_changes_no_digest(self, folder):
        class Wider(Tag):
            since: date = date(2026, 1, 1)

        wider = Catalogue(name="tags", noun="tag", item=Wider, explained_in="")
        item = read(folder)
        assert wider.read(folder / "loyal.toml").digest() == item.digest()
        write(folder, text=f"since = 2026-01-02\n{LOYAL}")
        assert wider.read(folder / "loyal.toml").digest() != item.digest()

    def test_the_kind_of_a_part_counts_also_where_it_is_a_default(self):
        class One(Strict):
            kind: Literal["one"] = "one"

        class Other(Strict):
            kind: Literal["other"] = "other"

        class Either(Item):
            part: One | Other

        digests = [Either(name="a", description="a", part=part).digest() for part in (One(), Other())]
        assert digests[0] != digests[1]

    def test_a_value_that_can_be_written_in_two_ways_without_being_known_is_a_fault_of_the_type(self):
        class Odd(Item):
            part: complex

        with pytest.raises(TypeError, match="complex cannot be part of an item"):
            Odd(name="a", description="a", part=1j).digest()


def table(*catalogues, name="gold.marks", inputs=()):
    fields = (plain("a", "string", ""),)
    return Table(
        name=name, grain="", key=("a",), fields=fields, stage="s", write="replace_whole", catalogues=catalogues, inputs=inputs
    )


class TestTables:
    @pytest.fixture
    def items(self, folder):
        for name in ("loyal", "new", "vip"):
            write(folder, name)
        return {"tags": TAGS.load(folder)}

    def test_a_table_is_given_the_items_that_it_declares(self, items):
        assert {name: list(of) for name, of in items_of(table("tags"), items).items()} == {"tags": ["loyal", "new", "vip"]}
        assert {name: list(of) for name, of in items_of(table("tags.vip", "tags.loyal"), items).items()} == {
            "tags": ["loyal", "vip"]
        }
        assert items_of(table(), items) == {}

    @pytest.mark.parametrize(("name", "hint"), [("tag", "'tags'"), ("tags.loyl", "'loyal'")])
    def test_a_catalogue_or_an_item_that_does_not_exist_is_refused(self, items, name, hint):
        with pytest.raises(UsageError, match=rf"gold\.marks reads {name}, which does not exist") as error:
            items_of(table(name), items)
        assert f"did you mean {hint}?" in error.value.args[2]

    def test_the_digest_of_a_table_follows_the_items_that_it_reads_and_no_others(self, items, folder):
        tables = {"whole": table("tags"), "one": table("tags.loyal"), "two": table("tags.loyal", "tags.new")}

        def digests(of):
            return {name: catalogue_digest(items_of(one, of)["tags"], ()) for name, one in tables.items()}

        before = digests(items)
        write(folder, "new", changed("window_days = 30", "window_days = 60"))
        after = digests({"tags": TAGS.load(folder)})
        assert {name for name in tables if before[name] != after[name]} == {"whole", "two"}
        write(folder, "fresh")
        assert {name for name, digest in digests({"tags": TAGS.load(folder)}).items() if digest != after[name]} == {"whole"}

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
    def test_a_declaration_that_is_misspelt_or_names_a_catalogue_twice_is_refused(self, catalogues, message):
        with pytest.raises(ValueError, match=message):
            table(*catalogues)

    def test_an_input_and_a_catalogue_do_not_share_a_parameter(self):
        events = Input(table(name="silver.events"), same_day())
        with pytest.raises(ValueError, match="two arguments of its builder are named 'events'"):
            table("events.any", inputs=(events,))


def test_the_catalogues_of_the_packages_are_known():
    assert {name: (one.noun, one.counts_as_setting) for name, one in declared().items()}["sources"] == ("source", True)
    assert all(name == one.name for name, one in declared().items())


def test_the_example_of_the_document_can_be_used(tmp_path):
    text = (ROOT / "docs" / "catalogues.md").read_text(encoding="utf-8")
    types, declaration = (textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names = {"__name__": "tag"}
    exec(types + declaration, names)  # noqa: S102
    (item,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    place = tmp_path / "conf" / "tags"
    place.mkdir(parents=True)
    (place / "loyal.toml").write_text(textwrap.dedent(item), encoding="utf-8")
    (tags,) = names["CATALOGUES"]
    loyal = tags.load(tags.place(tmp_path, setting=None))["loyal"]
    assert (loyal.window_days, loyal.counts) == (90, "orders")
