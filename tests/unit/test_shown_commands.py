"""Every `reclake …` that README and the documents show is run: those that write up to where a lake would be opened."""

import re
import shlex
import shutil

import pytest
from typer.testing import CliRunner

from golden_lake import write_keys
from lakes import ROOT, as_environment
from reclake import cli, tables
from reclake.cli import options, running
from reclake.errors import UsageError
from reclake.inspection import check
from reclake.look import doctor

GOLDEN = ROOT / "tests" / "data" / "lake-0.1"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```[a-z]*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(?:[^`\s]*/)?reclake ([a-z][^`]*)`")
LINE = re.compile(r"(?:^|[\s=/])reclake ([a-z].+)$", re.MULTILINE)
# What a document leaves to its reader, and days, manifests and sources that are not those of the lake in the repository.
VALUES = {
    "tables NAME": "tables silver.events",
    "--table NAME": "--table silver.events",
    "--source NAME": "--source demo",
    "check-source NAME": "check-source demo",
    "model NAME": "model als",
    "--raw ID": "--raw o015708542",
    "<table>": "silver.events",
    "TABLE": "silver.events",
    "--reason TEXT": "--reason because",
    "--receiver NAME": "--receiver somebody",
    "RUN": "20261125T221241-4de7bb7c",
    "DIR2": "lake2",
    "DIR": "exports",
    "trace ID": "trace c_93acb46f04389b2e126bb489145647cb",
    "customer c_…": "customer c_93acb46f04389b2e126bb489145647cb",
    "customer ID": "customer c_93acb46f04389b2e126bb489145647cb",
    "explain ID": "explain c_fe66a83aafd6e771f9061ccbd86dbf5d",
    "explain ACCOUNT": "explain a_20a9",
    "split ACCOUNT": "split a_20a9 d_f6251",
    "never-link ACCOUNT OTHER": "never-link a_20a9 a_2389",
    "undo ID": "undo 0123456789ab",
    "rollback N": "rollback 3",
    "rollback 41": "rollback 3",
    "2026-03-02": "2026-01-03",
}

# Sentences that speak of a command, and leave out what it must be given.
SPOKEN_OF = {
    "alert --exit-code": "alert --exit-code --day 2026-02-01",
    "check-source": "check-source demo",
    "rollback": "rollback 3",
    "show": "show silver.events",
    "waive": "waive silver.events --reason because",
}


PUBLISHED = {path.parent.name + "." + path.name for path in (GOLDEN / "lake").glob("*/*")}  # by folder


class Opened(Exception):
    """The command has read its arguments and settings, and would open the lake."""


def commands_of(page):
    """What is written behind `reclake`, with values; a description stands behind two blanks or a hash."""
    text = page.read_text(encoding="utf-8")
    fenced = "\n".join(block for _, block in FENCE.findall(text)).replace("\\\n", " ")
    shown = [line for lines in LINE.findall(fenced) for line in lines.split(", reclake ")]
    shown += [" ".join(command.split()) for command in INLINE.findall(FENCE.sub("", text))]
    commands = [re.split(r"\s{2,}|\s#", command)[0].strip() for command in shown]
    places = "|".join(rf"(?<!\w){re.escape(place)}(?!\w)" for place in VALUES)
    return [re.sub(places, lambda match: VALUES[match[0]], SPOKEN_OF.get(command, command)) for command in commands]


COMMANDS = {command: page.name for page in PAGES for command in commands_of(page)}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project folder with a source of one's own, its landing folders, and the keys of the lake in the repository."""
    home = tmp_path_factory.mktemp("home")
    for folder in ("conf", "expectations"):
        shutil.copytree(ROOT / folder, home / folder)
    shutil.copy(ROOT / "conf" / "sources" / "online_retail.toml", home / "conf" / "sources" / "shop.toml")
    write_keys(home / "secrets")
    for place in ("exports", ".reclake/landing/demo"):
        (home / place).mkdir(parents=True)
    (home / ".reclake" / "shop").symlink_to(GOLDEN / "lake")
    return home


@pytest.fixture
def ends_at_the_lake(home, monkeypatch):
    """Whoever would open a lake, examine the machine or read files of a source ends there."""

    def ends(*args, **options):
        raise Opened

    places = {"landing.root": str(GOLDEN / "landing"), "secrets.directory": str(home / "secrets")}
    for name, value in (as_environment(places) | {"RECLAKE_HOME": str(home)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    monkeypatch.setattr(options, "opened", ends)
    monkeypatch.setattr(running, "_is_idle", lambda *_: False)  # what is at hand is no lake that a run has left
    monkeypatch.setattr(doctor, "examine", ends)
    monkeypatch.setattr(check, "check", ends)


def test_the_documents_show_commands_of_all_kinds():
    words = {command.split()[0] for command in COMMANDS}
    commands = {command.name or command.callback.__name__.replace("_", "-") for command in cli.app.registered_commands}
    commands |= {group.name for group in cli.app.registered_groups}
    assert words == commands, "each command is shown somewhere, and none that there is not"
    assert len(COMMANDS) > 60
    assert sum("--" in command for command in COMMANDS) > 25


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_a_document_shows_can_be_run(ends_at_the_lake, home, monkeypatch, command):
    if "lake.root=" not in command:
        monkeypatch.setenv("RECLAKE__LAKE__ROOT", str(home / ".reclake" / "shop"))  # pages are written beside it
    done = CliRunner().invoke(cli.app, shlex.split(command))
    told = f"{COMMANDS[command]}: reclake {command}: {done.exception or done.output}"
    ends = (0, 7) if "--exit-code" in command else (0,)
    assert done.exit_code in ends or isinstance(done.exception, Opened) or _is_of_a_younger_table(done.exception), told


def _is_of_a_younger_table(error):
    """Whether a command asks for a table that was declared after the lake in the repository was made."""
    name, _, told = str(error.args[0]).partition(" ") if isinstance(error, UsageError) else ("", "", "")
    return told == "is not published yet" and name in tables.BY_NAME and name not in PUBLISHED


@pytest.mark.parametrize(
    "command", ["show gold.customer_segments --wehre tier=new", "shwo gold.segment_bins", "run --table silver.evnts"]
)
def test_a_command_that_is_not_there_would_be_seen(ends_at_the_lake, command):
    done = CliRunner().invoke(cli.app, shlex.split(command))
    assert done.exit_code != 0
    assert not isinstance(done.exception, Opened)
