"""An alert reaches a webhook or a mail server on loopback, gives up in time, and never shows its address."""

import json
import logging
import os
import socketserver
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from reclake.errors import SecretMissing, ServiceDown, SettingsInvalid, UsageError
from reclake.look.alerts import thin_or_late
from reclake.privacy.keys import secret_text
from reclake.run.posting import Finding, tell
from reclake.settings import load_settings
from webhook import serving, webhook

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-03-01"
STOPPED = Finding("gate", "silver.events", "failed: 1 of 9 expectations")
SECRET_PATH = "/hooks/pl4nted-s3cret"


def alerts(**changed):
    overrides = [f"alerts.{name}={json.dumps(value)}" for name, value in ({"timeout_seconds": 2.0} | changed).items()]
    return load_settings(ROOT, profile="test", overrides=overrides, environment={}).alerts


def address_of(server, monkeypatch):
    monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}{SECRET_PATH}")


def send(tmp_path, findings=(STOPPED,), pauses=None, **changed):
    pause = (pauses if pauses is not None else []).append
    settings = alerts(**({"channel": "webhook"} | changed))
    return tell(list(findings), day=DAY, run_id="r1", alerts=settings, secrets=str(tmp_path), pause=pause)


def test_a_webhook_gets_one_alert_with_all_findings(monkeypatch, tmp_path):
    late = Finding("deadline", DAY, "not published by its hour")
    with webhook() as server:
        address_of(server, monkeypatch)
        assert send(tmp_path, (STOPPED, late)) == "webhook"
    assert server.seen == [
        (
            SECRET_PATH,
            {
                "text": f"reclake {DAY}: 2 findings\ngate: silver.events: failed: 1 of 9 expectations\n"
                f"deadline: {DAY}: not published by its hour\nrun r1",
                "title": f"reclake {DAY}: 2 findings",
                "day": DAY,
                "run_id": "r1",
                "findings": [
                    {"kind": "gate", "subject": "silver.events", "told": "failed: 1 of 9 expectations"},
                    {"kind": "deadline", "subject": DAY, "told": "not published by its hour"},
                ],
            },
        )
    ]


def test_nothing_is_sent_where_there_is_nothing_to_tell_or_nobody_to_tell(monkeypatch, tmp_path):
    with webhook() as server:
        address_of(server, monkeypatch)
        assert send(tmp_path, ()) == "none"
        assert send(tmp_path, channel="none") == "none"
    assert server.seen == []


def test_a_busy_webhook_is_tried_again_after_longer_and_longer_pauses(monkeypatch, tmp_path):
    pauses = []
    with webhook(503, 429) as server:
        address_of(server, monkeypatch)
        send(tmp_path, pauses=pauses)
    assert (len(server.seen), pauses) == (3, [1.0, 2.0])


@pytest.mark.parametrize(("statuses", "n_tries"), [((500, 500, 500), 3), ((404,), 1), ((307,), 1), ((301,), 1)])
def test_an_alert_that_cannot_be_delivered_is_an_error_without_its_address(monkeypatch, tmp_path, caplog, statuses, n_tries):
    with (
        webhook() as elsewhere,
        webhook(*statuses, headers=[("Location", f"http://127.0.0.1:{elsewhere.server_port}/x")]) as server,
    ):
        address_of(server, monkeypatch)
        with caplog.at_level(logging.DEBUG), pytest.raises(ServiceDown) as error:
            send(tmp_path)
    assert (len(server.seen), elsewhere.seen, error.value.exit_code) == (n_tries, [], 6)
    assert "pl4nted" not in str(error.value) + caplog.text
    assert error.value.__suppress_context__, "the trace would show the address"


def test_a_webhook_that_is_not_there_is_given_up(monkeypatch, tmp_path):
    with webhook() as server:
        address_of(server, monkeypatch)
    with pytest.raises(ServiceDown, match="3 tries"):
        send(tmp_path)


@pytest.mark.parametrize("address", ["http://example.invalid/pl4nted", "file:///etc/pl4nted", "ftp://127.0.0.1/pl4nted"])
def test_an_address_that_would_show_the_alert_to_others_is_refused(monkeypatch, tmp_path, address):
    monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", address)
    with pytest.raises(UsageError) as error:
        send(tmp_path)
    assert "pl4nted" not in str(error.value)


def test_a_webhook_needs_its_address(tmp_path):
    with pytest.raises(SecretMissing, match=r"alert_webhook\.key"):
        send(tmp_path)


def test_a_secret_comes_from_the_environment_or_a_file_that_only_its_owner_reads(tmp_path):
    assert secret_text(str(tmp_path), "alert_mail", environment={}) is None
    handle = os.open(tmp_path / "alert_mail.key", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("bot:word\n")
    assert secret_text(str(tmp_path), "alert_mail", environment={}) == "bot:word"
    assert secret_text(str(tmp_path), "alert_mail", environment={"RECLAKE_ALERT_MAIL": "other"}) == "other"
    (tmp_path / "alert_mail.key").chmod(0o640)
    with pytest.raises(SecretMissing, match="0640") as error:
        secret_text(str(tmp_path), "alert_mail", environment={})
    assert "word" not in str(error.value)


@contextmanager
def mail_server():
    """Takes one mail after the other; keeps their text."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().upper():
                if line.startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    self.server.seen.append(b"".join(lines).decode().replace("\r\n", "\n"))
                self.wfile.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")
                if line.startswith(b"QUIT"):
                    return

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as server:
        server.seen = []
        yield server


def test_a_mail_server_gets_the_alert(tmp_path):
    with mail_server() as server:
        port = server.server_address[1]
        mail = dict(
            channel="mail", mail_host="127.0.0.1", mail_port=port, mail_from="lake@example.org", mail_to=["ops@example.org"]
        )
        assert send(tmp_path, **mail) == "mail"
    [text] = server.seen
    assert f"Subject: reclake {DAY}: 1 finding\n" in text
    assert "To: ops@example.org\n" in text
    assert "gate: silver.events: failed: 1 of 9 expectations\nrun r1\n" in text


def test_mail_without_a_receiver_is_refused():
    with pytest.raises(SettingsInvalid, match="mail_to"):
        alerts(channel="mail", mail_host="mail", mail_from="lake@example.org")


def delivery(**changed):
    fine = dict(
        source="demo", record_table="silver.order_records", delivery_day=DAY, arrival_to_visible_seconds=60.0,
        completeness_share=0.9, collection_share=0.8, volume_ratio=0.5,
    )  # fmt: skip
    return fine | changed


def test_a_delivery_at_its_limits_or_not_measured_is_fine():
    assert thin_or_late(delivery(), alerts()) == []
    assert thin_or_late(delivery(collection_share=None, volume_ratio=None), alerts()) == []


def test_a_thin_or_late_delivery_is_told_by_its_measure():
    found = thin_or_late(delivery(volume_ratio=0.499, arrival_to_visible_seconds=25 * 3600.0), alerts())
    subject = f"demo silver.order_records {DAY}"
    assert found == [
        Finding("freshness", subject, "volume_ratio is 0.499, below 0.5"),
        Finding("freshness", subject, "visible 25.0 hours after it arrived, more than 24.0"),
    ]


def test_an_environment_that_lacks_everything_can_still_send_an_alert(tmp_path):
    """The first task of a day tells of a broken environment: an import of a package would be its second fault."""
    program = """
import sys
for name in ("pyspark", "pydantic", "deltalake", "duckdb", "numpy", "pyarrow"):
    sys.modules[name] = None
from types import SimpleNamespace
from reclake.run.posting import Finding, sent, tell
alerts = SimpleNamespace(channel="webhook", timeout_seconds=5.0, tries=1)
finding = Finding("failure", "daily_lake.check", "there is no spark-submit")
print(sent([finding], tell([finding], day="2026-03-01", run_id="r1", alerts=alerts, secrets=sys.argv[1])))
"""
    with webhook() as server:
        environment = {"PYTHONPATH": str(ROOT / "lib"), "RECLAKE_ALERT_WEBHOOK": f"http://127.0.0.1:{server.server_port}/hook"}
        command = [sys.executable, "-c", program, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("sent by webhook: 1 finding\n", "")
    assert [body["findings"][0]["told"] for _, body in server.seen] == ["there is no spark-submit"]
