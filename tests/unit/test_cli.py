"""What the command line makes of its options, up to where Spark would be asked."""

from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from reclake import cli
from reclake.cli import options
from reclake.cli.console import Console
from reclake.errors import UsageError
from reclake.synthetic import company


@pytest.fixture
def made(monkeypatch, root):
    """The settings with which a company is about to be made; then the command is ended."""
    found = []

    def claim(truth_folder, settings):
        found.append(settings)
        raise UsageError("it ends here", "the settings are known", "nothing")

    @contextmanager
    def opened(chosen, name, **options):
        yield SimpleNamespace(home=chosen.home, settings=chosen.settings, spark=None)

    monkeypatch.setenv("RECLAKE_HOME", str(root))
    monkeypatch.setattr(company, "_claim", claim)
    monkeypatch.setattr(options, "opened", opened)
    return found


@pytest.mark.parametrize("command", ["generate", "demo"])
@pytest.mark.parametrize(
    ("options", "n_days"),
    [((), 60), (("--set", "demo.n_days=3"), 3), (("--set", "demo.n_days=3", "--days", "4"), 4)],
    ids=("base.toml", "set", "option"),
)
def test_the_days_of_the_demo_are_a_setting_that_an_option_overrides(made, tmp_path, command, options, n_days):
    places = (f"landing.root={tmp_path / 'landing'}", f"secrets.directory={tmp_path / 'secrets'}")
    arguments = [command, *options, *(word for place in places for word in ("--set", place))]
    assert isinstance(CliRunner().invoke(cli.app, arguments).exception, UsageError)
    assert [settings.n_days for settings in made] == [n_days]


@pytest.mark.parametrize("command", ["generate", "demo"])
def test_no_days_are_refused(made, command):
    assert CliRunner().invoke(cli.app, [command, "--days", "0"]).exit_code == 2
    assert made == []


@pytest.mark.parametrize("table", ["gold.model_metrics", "ops.ledger"])
def test_a_table_whose_gate_no_waiver_opens_is_refused(table):
    done = CliRunner().invoke(cli.app, ["waive", table, "--reason", "it is late"])
    assert isinstance(done.exception, UsageError)
    assert f"{table} cannot be let through" in str(done.exception)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_listing_says_how_many_rows_it_leaves_out(capsys, as_json):
    console = Console(as_json=as_json)
    console.rows("all", [{"n": 1}], n_more=0)
    assert "more" not in "".join(capsys.readouterr())
    console.rows("some", [{"n": 1}], n_more=1200)
    told = capsys.readouterr()
    said, silent = (told.err, told.out) if as_json else (told.out, told.err)
    assert said.splitlines()[-1] == "some: 1,200 more; a higher --limit shows them"
    assert "more" not in silent


@pytest.fixture
def today(monkeypatch, root):
    """It is 17:00 UTC of March 1, which is March 2 in Shanghai; whatever opens or looks at a lake ends the command."""

    def ends(*args, **options):
        raise UsageError("the lake is asked", "", "")

    monkeypatch.setenv("RECLAKE_HOME", str(root))
    monkeypatch.setattr(options, "utc_now", lambda: datetime(2026, 3, 1, 17))
    monkeypatch.setattr(options, "opened", ends)
    monkeypatch.setattr(options, "looked", ends)


def ended_by(*arguments, zone="UTC"):
    """What a command is ended by."""
    return str(CliRunner().invoke(cli.app, [*arguments, "--set", f"business.timezone={zone}"]).exception)


AHEAD = [
    ("run", "--day", "2026-03-02"), ("run", "--from", "2026-02-01", "--to", "2026-03-02"), ("ingest", "--day", "2026-03-02"),
    ("plan", "--day", "2026-03-02"), ("status", "--day", "2026-03-02"),
]  # fmt: skip
AS_OFS = [("run", "--as-of"), ("plan", "--as-of"), ("train", "--as-of"), ("evaluate", "--as-of")]


@pytest.mark.parametrize("arguments", AHEAD, ids=" ".join)
def test_a_day_that_has_not_come_is_refused_before_a_lake_is_asked(today, arguments):
    assert "the day 2026-03-02 has not come yet" in ended_by(*arguments)
    assert "today is 2026-03-01 in UTC" in ended_by(*arguments)
    assert "the lake is asked" in ended_by(*arguments, zone="Asia/Shanghai")
    assert "the lake is asked" in ended_by(*(word.replace("03-02", "03-01") for word in arguments))


@pytest.mark.parametrize("arguments", AS_OFS, ids=" ".join)
def test_an_as_of_after_tomorrow_is_refused(today, arguments):
    """Tomorrow's is that of what was delivered today: it is the first day that does not count."""
    assert "the as_of 2026-03-03 has not come yet" in ended_by(*arguments, "2026-03-03")
    assert "the lake is asked" in ended_by(*arguments, "2026-03-03", zone="Asia/Shanghai")
    assert "the lake is asked" in ended_by(*arguments, "2026-03-02")
