"""What others wrote steers no terminal, forges no line and hides nothing, on a screen, in a log and in an error."""

import json
import logging
import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.cli.console import Console
from reclake.errors import GateFailed, UsageError
from reclake.printable import printable, printable_json
from reclake.run import posting
from reclake.run.job import end_with
from reclake.run.log_lines import LogLines
from reclake.run.posting import Finding
from reclake.run.report import TableReport
from reclake.settings import load_settings

CLEARED = "Mozilla/5.0 \x1b[2J\x1b]0;title\x07 \x9b31m"
FORGED = "orders.csv\n2026-11-29 10:00:00,000 WARNING everything is up to date\r\x1b[1A"
TURNED = "invoice\u202evsc.exe\u2066 zero\u200bwidth \u2028next"
MARKUP = "[red]late[/red] [link=http://example.org]:skull:[/link]"
HOSTILE = (CLEARED, FORGED, TURNED, MARKUP)
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def unseen(text):
    """Signs that nobody sees, but for the ends of lines."""
    return {sign for sign in text if sign != "\n" and unicodedata.category(sign) in UNSEEN}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("red\x1b[31m", r"red\x1b[31m"),
        ("c1 \x9b2J", r"c1 \x9b2J"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("cod\u202evsc", r"cod\u202evsc"),
        ("\u2066\u200b\ufeff\u061c", r"\u2066\u200b\ufeff\u061c"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udc80", r"\udc80"),
        ("\U000e0041", r"\U000e0041"),
        ("full　width é 冠军客户 🙂 [red]", "full　width é 冠军客户 🙂 [red]"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert printable(text) == shown


@settings(deadline=None)
@given(st.text())
def test_nothing_unseen_is_left_and_the_rest_stays(text):
    shown = printable(text)
    assert unseen(shown) == set()
    assert "\n" not in shown
    if "\\" not in text:
        without_escapes = re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])", "", shown)
        assert without_escapes == "".join(sign for sign in text if unicodedata.category(sign) not in UNSEEN)
    assert printable(shown) == shown


@settings(deadline=None)
@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same_and_steers_nothing(value):
    written = printable_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(written) == value
    assert unseen(written) == set()


def texts_of_a_run(console):
    """Everything that a run shows of texts of others."""
    console.started("silver", HOSTILE[0])
    for text in HOSTILE:
        console.say(text)
        console.finished(TableReport("silver", "silver.events", "stopped", message=text, warnings=(text,)))
        console.untaken([{"state": "waiting", "file_name": text, "reason": text, "source": text}])
        console.rows(text, [{"user_agent": text, text: [text, text]}], n_more=3)
    console.end()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_console_shows_it_as_it_is_written(capsys, as_json):
    texts_of_a_run(Console(as_json=as_json))
    shown = capsys.readouterr()
    assert unseen(shown.out) | unseen(shown.err) == set()
    if not as_json:
        for text in HOSTILE:
            assert printable(text) in shown.out
        assert [line for line in shown.out.splitlines() if line.startswith("2026-11-29")] == []


def test_a_terminal_gets_the_same(monkeypatch, capsys):
    """Colours are the console's own there; what others wrote adds none."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = Console()
    for text in HOSTILE:
        console.say(text)
    console.rows(MARKUP, [{MARKUP: MARKUP}])
    shown = capsys.readouterr().out
    own = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert unseen(own) == set()
    assert r"\x1b[2J" in own
    assert own.count("[red]late[/red]") == 4
    assert ":skull:" in own


def logged(message, *arguments, name="reclake", fault=None):
    record = logging.LogRecord(
        name, logging.WARNING, "x.py", 1, message, arguments, fault and (type(fault), fault, fault.__traceback__)
    )
    return LogLines("%(asctime)s %(levelname)s %(message)s").format(record)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["reclake", "py4j", "great_expectations"])
def test_a_log_line_is_one_line_whatever_it_tells(text, name):
    for line in (
        logged("file %s is rejected", text, name=name),
        logged(text, name=name),
        logged("%s", ValueError(text), name=name),
    ):
        assert len(line.splitlines()) == 1
        assert unseen(line) == set()
        assert printable(text) in line


def test_an_error_in_the_log_has_its_three_lines_and_no_fourth():
    lines = logged("%s", UsageError("a name is wrong", FORGED, "rename it")).splitlines()
    assert [line[:9] for line in lines[1:]] == ["    found", "    next:"]
    assert lines[0].endswith("WARNING a name is wrong")
    assert printable(FORGED) in lines[1]


def test_a_stack_in_the_log_is_moved_in_and_quotes_nothing():
    value = "O'" + f"Hara 13800138000{FORGED}"
    try:
        try:
            int(value)
        except ValueError as error:
            raise KeyError(FORGED) from error
    except KeyError as fault:
        first, *others = logged("%s broke off", "silver.events", fault=fault).splitlines()
    assert first.endswith("silver.events broke off")
    assert all(line.startswith("  ") for line in others)
    assert any("ValueError" in line for line in others)
    assert any("KeyError" in line for line in others)
    assert [line for line in others if "O'Hara" in line or "13800138000F" in line or "everything" in line] == []


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_the_error_that_ends_a_process_has_its_own_lines_only(capsys, text, verbose):
    with pytest.raises(SystemExit) as ended:
        end_with(GateFailed(f"silver.events: {text}", text, f"look at {text}"), verbose=verbose)
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 3
    assert [line.split(":")[0] for line in lines[-3:]] == ["silver.events", "  found", "  next"]
    assert len(lines) == 3 or verbose
    assert unseen("\n".join(lines)) == set()


def test_an_alert_tells_one_line_for_each_finding(root, monkeypatch):
    bodies = []
    monkeypatch.setattr(posting, "_send", lambda title, text, login, alerts: bodies.append(text))
    mail = [
        "alerts.channel=mail",
        "alerts.mail_host=127.0.0.1",
        "alerts.mail_from=a@example.org",
        'alerts.mail_to=["b@example.org"]',
    ]
    alerts = load_settings(root, profile="local", overrides=mail, environment={}).alerts
    told = posting.tell([Finding("file", FORGED, TURNED)], day="2026-03-01", run_id="r", alerts=alerts, secrets="/nowhere")
    assert told == "mail"
    assert len(bodies[0].splitlines()) == 3
    assert unseen(bodies[0]) == set()
