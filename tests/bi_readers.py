"""What readers of gold see: run by the Python of the bi environment, imported by tests for what both sides share.

A job comes as JSON on standard input: reader, and what that reader needs. Rows go out as text, so that readers with other
types for the same value can be compared.
"""

import datetime
import hashlib
import importlib.util
import json
import sys
import time
from decimal import Decimal
from pathlib import Path


def canonical(value, type_):
    """A value as text that does not depend on who read it; readers may give numbers, booleans and days as text."""
    if value is None:
        return "null"
    if type_.startswith("decimal"):
        scale = int(type_.rstrip(")").split(",")[1])
        return f"{Decimal(str(value)):.{scale}f}"
    if type_ == "double":
        return repr(float(value))
    if type_ in ("integer", "long"):
        return str(int(value))
    if type_ == "boolean":
        return str(value).lower()
    if type_ == "date":
        return value.isoformat() if isinstance(value, datetime.date) else str(value)
    return json.dumps(str(value))


def checksum(rows, types):
    """Number of rows, and a digest of them as a bag."""
    lines = sorted("|".join(canonical(value, type_) for value, type_ in zip(row, types, strict=True)) for row in rows)
    return [len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()]


def delta_rs(job):
    from deltalake import DeltaTable

    for name, table in job["tables"].items():
        read = DeltaTable(table["path"], version=table["version"]).to_pyarrow_table(columns=table["columns"])
        yield name, checksum(zip(*(read.column(column).to_pylist() for column in table["columns"]), strict=True), table["types"])


def _duckdb_with_delta():
    import duckdb

    folder = Path(importlib.util.find_spec("duckdb_extension_delta").submodule_search_locations[0])
    (extension,) = folder.rglob("delta.duckdb_extension")
    connection = duckdb.connect(config={"allow_unsigned_extensions": "false"})
    connection.execute(f"LOAD '{extension}'")
    return connection


def duckdb_on_delta(job):
    connection = _duckdb_with_delta()
    for name, table in job["tables"].items():
        pinned = "" if table["version"] is None else f", version = {table['version']}"
        rows = connection.execute(f"SELECT {', '.join(table['columns'])} FROM delta_scan('{table['path']}'{pinned})").fetchall()  # noqa: S608
        yield name, checksum(rows, table["types"])


def duckdb_polling(job):
    """Rows per as_of of the newest commit, asked for over and over until a file appears, and what went wrong."""
    import duckdb

    query = f"SELECT CAST(as_of_date AS VARCHAR), count(*) FROM delta_scan('{job['path']}') GROUP BY 1 ORDER BY 1"  # noqa: S608
    connection, seen, wrong = _duckdb_with_delta(), [], []
    while not Path(job["until"]).exists():
        begun = time.monotonic()
        try:
            seen.append(dict(connection.execute(query).fetchall()))
        except duckdb.Error as error:
            wrong.append(f"{type(error).__name__}: {error}")
        time.sleep(max(0.0, job["pause_seconds"] - (time.monotonic() - begun)))
    yield "seen", seen
    yield "wrong", wrong


def duckdb_file(job):
    import duckdb

    connection = duckdb.connect(job["file"], read_only=True)
    for name, table in job["tables"].items():
        rows = connection.execute(f"SELECT {', '.join(table['columns'])} FROM {name}").fetchall()  # noqa: S608
        yield name, checksum(rows, table["types"])


def duckdb_statements(job):
    """Rows of each statement, or the kind of error that it ended with."""
    import duckdb

    connection = duckdb.connect(job["file"], read_only=True)
    for statement in job["statements"]:
        try:
            done = connection.execute(statement)
            yield statement, [[str(value) for value in row] for row in done.fetchall()]
        except duckdb.Error as error:
            yield statement, type(error).__name__


def pyhive(job):
    from pyhive import hive

    cursor = hive.connect("127.0.0.1", job["port"], username="bi").cursor()
    for name, table in job["tables"].items():
        cursor.execute(f"SELECT {', '.join(table['columns'])} FROM {name}")  # noqa: S608
        yield name, checksum(cursor.fetchall(), table["types"])


def pyhive_statements(job):
    """Rows of each statement, or what the server said instead, causes included; with a password and over TLS if the job has them."""
    from pyhive import hive
    from thrift.transport.TTransport import TTransportException

    try:
        cursor = hive.connect(**_login(job)).cursor()
    except TTransportException as error:
        yield "connect", f"refused: {error}"
        return
    for statement in job["statements"]:
        try:
            cursor.execute(statement)
            yield statement, [[str(value) for value in row] for row in cursor.fetchall()] if cursor.description else []
        except hive.OperationalError as error:
            yield statement, f"refused: {_causes(error.args[0].status)}"


def _causes(status):
    """The server's message, and those of the causes behind it: HiveServer2 marks them among the lines of a stack trace."""
    return "\n".join([status.errorMessage, *(line for line in status.infoMessages or () if line.startswith("*"))])


def _login(job):
    """What PyHive connects with; its own arguments have no TLS, so that its transport is made here then (docs/bi.md)."""
    name, password = job.get("name", "bi"), job.get("password")
    if "certificate" in job:
        return {"username": name, "thrift_transport": _over_tls(job, name, password)}
    known = {} if password is None else {"auth": "LDAP", "password": password}
    return {"host": "127.0.0.1", "port": job["port"], "username": name, **known}


def _over_tls(job, name, password):
    import ssl

    import thrift_sasl
    from pyhive.hive import get_installed_sasl
    from thrift.transport.TSSLSocket import TSSLSocket

    socket = TSSLSocket("127.0.0.1", job["port"], ca_certs=job["certificate"], cert_reqs=ssl.CERT_REQUIRED)
    login = {"host": "127.0.0.1", "sasl_auth": "PLAIN", "username": name, "password": password}
    return thrift_sasl.TSaslClientTransport(lambda: get_installed_sasl(**login), "PLAIN", socket)


READERS = {
    reader.__name__: reader
    for reader in (delta_rs, duckdb_on_delta, duckdb_polling, duckdb_file, duckdb_statements, pyhive, pyhive_statements)
}

if __name__ == "__main__":
    job = json.load(sys.stdin)
    json.dump(dict(READERS[job["reader"]](job)), sys.stdout)
