"""The Spark Thrift Server: JDBC readers see the published gold. It refuses to be open to everybody on the network."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from reclake.errors import ReclakeError, ServiceDown, UsageError

from .application import Application
from .faults import fault_text
from .register import log_shown, register

logger = logging.getLogger("reclake")
_HOST, _PORT = "hive.server2.thrift.bind.host", "hive.server2.thrift.port"
_AUTHENTICATION, _TLS = "hive.server2.authentication", "hive.server2.use.SSL"
_DIRECTORY = f"{_AUTHENTICATION}.ldap.url"
_TRANSPORT = "hive.server2.transport.mode"
# NONE believes any name, NOSASL asks for none.
_WHO_ASKS = ("LDAP", "KERBEROS", "PAM", "CUSTOM")
# The server takes these before its settings.
_OVERRIDES = {
    "HIVE_SERVER2_THRIFT_BIND_HOST": _HOST,
    "HIVE_SERVER2_THRIFT_PORT": _PORT,
    "HIVE_SERVER2_TRANSPORT_MODE": _TRANSPORT,
}


def require_closed(effective: Mapping[str, str], *, anonymous: bool) -> None:
    """Stop unless the server asks who its readers are, and hides what they read from the network.

    Parameters
    ----------
    effective
        Hive's settings as the server will use them: address, transport, authentication, TLS.
    anonymous
        Whether those on its own machine may read without being asked.

    Raises
    ------
    UsageError
        When it would let somebody in unasked, or listen beyond loopback without TLS.
    """
    if effective.get(_TRANSPORT, "").lower() == "http":
        raise UsageError(
            "the Thrift Server may not speak HTTP",
            f"{_TRANSPORT}=http: Spark's server then listens on every address, whatever bi.thrift_host says",
            "leave it at binary, and put a proxy in front where readers need HTTP",
        )
    host = effective.get(_HOST, "")
    is_near = _is_loopback(host)
    authentication, tls = effective.get(_AUTHENTICATION, "NONE").upper(), effective.get(_TLS, "false").lower()
    asks = authentication in _WHO_ASKS
    if (asks and tls == "true") or (is_near and (asks or anonymous)):
        return
    ways = ["set authentication and TLS in spark-defaults.conf (docs/bi.md)"]
    if not is_near:
        ways.insert(0, "set bi.thrift_host to 127.0.0.1")
    raise UsageError(
        f"the Thrift Server may not listen on {host or 'the address of its machine'}",
        f"{_AUTHENTICATION}={authentication or 'NONE'}, {_TLS}={tls}, bi.thrift_anonymous={str(anonymous).lower()}:"
        " whoever reaches it reads, and writes, under any name",
        ", or ".join(ways),
    )


def require_directory(effective: Mapping[str, str]) -> None:
    """Stop where LDAP is to be asked, and Hive's LDAP provider finds no directory or would send it passwords in clear.

    Raises
    ------
    UsageError
        When hive-site.xml names no directory, or one beyond loopback that is not asked over TLS.
    """
    if effective.get(_AUTHENTICATION, "").upper() != "LDAP":
        return
    open_ones = [
        url
        for url in effective.get(_DIRECTORY, "").split()
        if not (url.lower().startswith("ldaps://") or _is_loopback(_host_of(url)))
    ]
    if open_ones:
        raise UsageError(
            "the Thrift Server may not ask the directory",
            f"{_DIRECTORY}={' '.join(open_ones)}: its readers' passwords would go through the network in clear",
            "name it by ldaps:// in hive-site.xml (docs/bi.md)",
        )
    if not effective.get(_DIRECTORY):
        raise UsageError(
            "the Thrift Server would let nobody in",
            f"{_AUTHENTICATION}=LDAP, and no hive-site.xml has {_DIRECTORY}: what asks the directory reads no setting of Spark's",
            "name it in a hive-site.xml beside spark-defaults.conf (docs/bi.md)",
        )


def _host_of(url: str) -> str:
    """The host that a URL names; "" where it names none."""
    return urlsplit(url).hostname or ""


def _is_loopback(host: str) -> bool:
    """Whether all that the name stands for is this machine alone; a name that stands for nothing does not."""
    if not host:
        return False
    try:
        found = {str(place[4][0]) for place in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def serve(app: Application, *, until: Callable[[float], bool], ready: Callable[[str], None] = logger.info) -> None:
    """Check, register, start the server, and let its views follow the manifest.

    Parameters
    ----------
    until
        Waits the seconds it is given; True ends the server.
    ready
        Is told where it listens, once it does.

    Raises
    ------
    UsageError
        When the server would be open to everybody or to nobody, would send passwords in clear, or there is no metastore.
    ServiceDown
        When the port is taken, or the metastore does not answer.
    """
    effective = effective_settings(app)
    require_closed(effective, anonymous=app.settings.bi.thrift_anonymous)
    require_directory(effective)
    shown = _registered(app)
    server = _started(app, effective)
    ready(f"the Thrift Server listens on {effective[_HOST]}:{effective[_PORT]}")
    try:
        while not until(app.settings.bi.thrift_renew_seconds):
            shown = _followed(app, shown)
    finally:
        server.stop()


def _registered(app: Application) -> int:
    """Renew the views; gives the manifest that they show."""
    newest = app.manifest.last_id()
    log_shown(register(app))
    return newest


def _followed(app: Application, shown: int) -> int:
    """The same where the manifest has moved. What hinders it is told, and tried again: readers keep the views they have."""
    try:
        return shown if app.manifest.last_id() == shown else _registered(app)
    except (ReclakeError, PySparkException, Py4JJavaError) as failure:
        logger.error("the views stay as they are: %s", failure if isinstance(failure, ReclakeError) else fault_text(failure))
        return shown


def effective_settings(app: Application) -> dict[str, str]:
    """What the server will use, from Spark's settings, hive-site.xml and the environment: asked of Hive as the server asks it.

    Its LDAP provider makes settings of its own, of hive-site.xml alone.
    """
    jvm: Any = app.spark._jvm
    utilities = getattr(getattr(jvm.org.apache.spark.sql.hive, "HiveUtils$"), "MODULE$")
    session: Any = app.spark._jsparkSession
    hive = utilities.newClientForExecution(app.spark._jsc.sc().conf(), session.sessionState().newHadoopConf()).conf()
    found = {key: str(hive.get(key) or "") for key in (_HOST, _PORT, _TRANSPORT, _AUTHENTICATION, _TLS)}
    found[_DIRECTORY] = str(jvm.org.apache.hadoop.hive.conf.HiveConf().get(_DIRECTORY) or "")
    return found | {key: os.environ[name] for name, key in _OVERRIDES.items() if name in os.environ}


def _started(app: Application, effective: Mapping[str, str]) -> Any:
    jvm: Any = app.spark._jvm
    session: Any = app.spark._jsparkSession
    try:
        # False: a port that is taken is told here, and does not end the process from within.
        return jvm.org.apache.spark.sql.hive.thriftserver.HiveThriftServer2.startWithSparkSession(session, False)
    except Py4JJavaError as error:
        raise ServiceDown(
            "the Thrift Server did not start",
            f"address {effective[_HOST]}:{effective[_PORT]}: {_innermost(error.java_exception)}",
            "set bi.thrift_port to a free port; --verbose shows the stack trace",
        ) from error


def _innermost(failure: Any) -> str:
    """Kind and message of the cause that Java's errors wrap: of a port that is taken, that the address is in use."""
    while (cause := failure.getCause()) is not None:
        failure = cause
    return f"{failure.getClass().getSimpleName()}: {failure.getMessage()}"


@contextmanager
def until_told() -> Iterator[Callable[[float], bool]]:
    """Waits that end at once when the process is interrupted or asked to end."""
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told.wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
