"""What `--help` prints is what is written, and what is written is whole: nothing eaten as markup, no blank or colon left over."""

import re

import pytest
import typer
from typer.testing import CliRunner

from reclake import cli


def _all(commands, above=""):
    """Every command by its whole name, those of groups as well."""
    for name, command in commands.items():
        yield f"{above}{name}", command
        yield from _all(getattr(command, "commands", {}), f"{above}{name} ")


COMMANDS = dict(_all(typer.main.get_command(cli.app).commands))
# A name, and where the text stands: the command's own, or that of one of its parameters.
TEXTS = {name: command.help for name, command in COMMANDS.items()} | {
    f"{name} {' '.join(parameter.opts)}": parameter.help
    for name, command in COMMANDS.items()
    for parameter in command.params
    if parameter.name != "help"
}


def flat(text):
    """Words without the breaks between them; a long word may be broken too."""
    return re.sub(r"\s+", "", text)


def test_the_texts_of_all_commands_are_read():
    assert {"train", "run", "alert", "train --tune", "alert --exit-code", "rollback to", "contacts export --to"} <= TEXTS.keys()
    assert len(TEXTS) > 150


@pytest.mark.parametrize("where", TEXTS)
def test_a_help_text_is_a_whole_sentence(where):
    text = TEXTS[where]
    assert text, "it has none"
    assert text == text.strip()
    assert not re.search(r"\S  +\S", text), text
    assert not re.search(r"[:;,(\[]$|\(\)|\[\]| [.,;:)]", text), text
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_prints_every_text_as_it_is_written(name):
    done = CliRunner().invoke(cli.app, [*name.split(), "--help"], catch_exceptions=False)
    assert done.exit_code == 0
    shown = flat(done.output)
    for where, text in TEXTS.items():
        if where == name or where.startswith(f"{name} -"):
            assert flat(text) in shown, where


def test_a_bracket_in_a_text_is_no_markup():
    """The parser of the command line itself, with a text that rich would take for markup."""
    app = typer.Typer(rich_markup_mode=cli.app.rich_markup_mode)

    @app.command()
    def take():
        """Take [als] as it stands."""

    assert "Take [als] as it stands." in CliRunner().invoke(app, ["--help"]).output
