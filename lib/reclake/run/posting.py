"""Bring findings to a webhook or by mail, as [alerts] says: bounded in time and tries, the address a secret.

It needs the standard library alone: an alert also tells of an environment that lacks everything else.
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reclake.errors import SecretMissing, ServiceDown, UsageError
from reclake.printable import printable
from reclake.privacy.keys import secret_text

if TYPE_CHECKING:
    from .settings import AlertsSettings

logger = logging.getLogger("reclake")
WEBHOOK, MAIL = "alert_webhook", "alert_mail"  # names of the secrets
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SHOWN = 50  # findings that one alert lists; it says how many there are


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell: what kind it is, of what it is told, and one sentence."""

    kind: str  # gate, refused, freshness, consents, waiting, file, verdict, maintenance, serving, deadline or failure
    subject: str
    told: str


def tell(
    findings: Sequence[Finding],
    *,
    day: str,
    run_id: str,
    alerts: AlertsSettings,
    secrets: str,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Send one alert with all findings; gives the channel it took, "none" where there is nothing to tell or nowhere to.

    Parameters
    ----------
    day
        The delivery day, as ISO date.
    secrets
        Folder of the key files; a secret in the environment comes first.

    Raises
    ------
    ServiceDown
        When it could not be delivered in `alerts.tries` tries.
    SecretMissing
        When the channel's secret is not there, or can be read by others.
    """
    if not findings or alerts.channel == "none":
        return "none"
    title = f"reclake {day}: {len(findings)} {'finding' if len(findings) == 1 else 'findings'}"
    shown = findings[:_SHOWN]
    # A file's name may hold a line break: it must not read like a finding of its own.
    lines = [printable(f"{finding.kind}: {finding.subject}: {finding.told}") for finding in shown]
    text = "\n".join([title, *lines, f"run {run_id}"])
    if alerts.channel == "webhook":
        address = _required(WEBHOOK, secrets)
        body = {"text": text, "title": title, "day": day, "run_id": run_id, "findings": [asdict(f) for f in shown]}
        _again_and_again(lambda: _post(address, body, alerts), alerts, pause)
    else:
        login = secret_text(secrets, MAIL)
        _again_and_again(lambda: _send(title, text, login, alerts), alerts, pause)
    return alerts.channel


def sent(findings: Sequence[Finding], channel: str) -> str:
    """Who was told, in a sentence for a log or a person; `channel` is what `tell` gave.

    Examples
    --------
    >>> sent([Finding("gate", "silver.events", "failed: 1 of 9 expectations")], "webhook")
    'sent by webhook: 1 finding'
    >>> sent([Finding("gate", "silver.events", "failed: 1 of 9 expectations")], "none")
    'alerts.channel is none: nobody was sent anything'
    >>> sent([], "none")
    'nothing to tell'
    """
    if not findings:
        return "nothing to tell"
    if channel == "none":
        return "alerts.channel is none: nobody was sent anything"
    return f"sent by {channel}: {len(findings)} {'finding' if len(findings) == 1 else 'findings'}"


def _required(name: str, secrets: str) -> str:
    found = secret_text(secrets, name)
    if found is None:
        raise SecretMissing(
            "an alert has no address",
            f"no {name}.key in {secrets}",
            f"put the URL there, mode 0600, or into RECLAKE_{name.upper()}",
        )
    return found


class _Unanswered(Exception):
    """A try that may go better the next time; its message names no address."""


def _again_and_again(attempt: Callable[[], None], alerts: AlertsSettings, pause: Callable[[float], None]) -> None:
    for number in range(1, alerts.tries):
        try:
            return attempt()
        except _Unanswered as failure:
            logger.warning("alert not delivered in try %d of %d: %s", number, alerts.tries, failure)
            pause(2.0 ** (number - 1))
    try:
        return attempt()
    except _Unanswered as failure:
        next_step = f"see that the {alerts.channel} answers; the findings stand in ops.gate_results and ops.freshness"
        raise ServiceDown("an alert could not be delivered", f"{failure}, {alerts.tries} tries", next_step) from None


class _Unmoved(HTTPRedirectHandler):
    """Follows no redirect: the alert goes to the address it was meant for or nowhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(address: str, body: dict[str, Any], alerts: AlertsSettings) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UsageError("the webhook's address cannot be used", f"scheme {parts.scheme!r}", "give an https address")
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST")  # noqa: S310 - https, or loopback
    try:
        with build_opener(_Unmoved).open(request, timeout=alerts.timeout_seconds):
            return
    except HTTPError as error:
        if error.code in (408, 429) or error.code >= 500:
            raise _Unanswered(f"status {error.code}") from None
        raise ServiceDown("the webhook refuses the alert", f"status {error.code}", "correct its address") from None
    except (OSError, HTTPException) as error:
        raise _Unanswered(type(error).__name__) from None


def _send(title: str, text: str, login: str | None, alerts: AlertsSettings) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title, alerts.mail_from, ", ".join(alerts.mail_to)
    mail.set_content(text)
    try:
        with smtplib.SMTP(alerts.mail_host, alerts.mail_port, timeout=alerts.timeout_seconds) as server:
            if alerts.mail_host not in _LOOPBACK:
                server.starttls(context=ssl.create_default_context())
            if login is not None:
                account, _, password = login.partition(":")
                server.login(account, password)
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise _Unanswered(type(error).__name__) from None
