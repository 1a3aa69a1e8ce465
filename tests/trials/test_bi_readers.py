"""Every reader of gold sees the same rows of the published versions; S-08: who is let in, and what a reader cannot do.

Known-bad: a reader of the newest commit, beside one that is not published, sees other rows.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from bi_readers import checksum
from gold_lake import N_ROWS, QUERIES, answered, columns_of, gold_lake, opened, plain_numbers, publish, read_by, seen_by_spark
from lakes import ROOT, spark_profile
from reclake.lake.catalog import Catalog
from reclake.run.register import show_published
from reclake.tables import gold
from standalone import free_port

pytestmark = pytest.mark.trial  # a Thrift Server of its own

BIN = Path(sys.executable).parent
SECONDS = 600  # a server starts in half a minute on an idle machine
DIRECTORY_JAR = ROOT / ".venv" / "bi" / "jars" / "unboundid-ldapsdk-7.0.3.jar"
ANSWERED_FROM_THE_LOG = "SET spark.databricks.delta.optimizeMetadataQuery.enabled=true"  # docs/decisions/0032
NO_OVERRIDE = ["--bounding-set", "-dac_override,-dac_read_search"]  # root obeys the mode of files


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """A lake that publishes one version of gold and has committed a second; its folder."""
    folder = tmp_path_factory.mktemp("bi")
    app, unpublished = gold_lake(spark, folder)
    return app, unpublished, folder


def environment(folder, conf):
    """The settings of a command on the lake; Spark's own of the local profile or of a copy."""
    own = {
        "RECLAKE_HOME": str(ROOT),
        "PYTHONPATH": str(ROOT / "lib"),
        "SPARK_CONF_DIR": str(conf),
        "RECLAKE__LAKE__ROOT": str(folder / "lake"),
        "RECLAKE__BI__METASTORE": str(folder / "metastore"),
        "RECLAKE__BI__THRIFT_RENEW_SECONDS": "1",
    }
    return {key: value for key, value in os.environ.items() if key != "SPARK_HOME"} | own


def command(port, *, host="127.0.0.1", program=(str(BIN / "reclake"), "thrift")):
    return [*program, "--set", f"bi.thrift_port={port}", "--set", f"bi.thrift_host={host}"]


def job(name):
    """A job as spark-submit starts it."""
    return [sys.executable, str(ROOT / "jobs" / f"{name}.py"), "--profile", "local"]


def ended(folder, *words):
    """A command on the folder's lake and metastore that has ended."""
    own = environment(folder, ROOT / "conf" / "spark" / "test")
    return subprocess.run(words, env=own, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)


@contextmanager
def server(folder, *, conf=ROOT / "conf" / "spark" / "test", before=(), **how):
    """A Thrift Server that listens; gives its port. It is asked to end, and does so with exit code 0."""
    port = free_port()
    with (folder / "thrift.log").open("w+") as log:
        process = subprocess.Popen(
            [*before, *command(port, **how)],
            env=environment(folder, conf),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + SECONDS
            while f"listens on 127.0.0.1:{port}" not in (folder / "thrift.log").read_text():
                assert process.poll() is None, (folder / "thrift.log").read_text()
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.5)
            yield port
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=120) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def by_beeline(port, tables):
    """Table → rows and checksum as beeline prints them: as hexadecimal digits, since its CSV leaves quotes and breaks alone."""
    found = {}
    for name, table in tables.items():
        columns = ", ".join(f"hex(CAST({column} AS STRING))" for column in table["columns"])
        query = f"SELECT {columns} FROM {name}"  # noqa: S608
        lines = said_to_beeline(f"jdbc:hive2://127.0.0.1:{port}/gold", query, "-n", "bi")
        rows = [[_from_hex(cell) for cell in line.split(",")] for line in lines]
        found[name] = checksum(rows, table["types"])
    return found


def said_to_beeline(url, query, *login):
    """Its lines of CSV."""
    told = subprocess.run(
        [str(BIN / "beeline"), "-u", url, *login, "--silent=true", "--outputformat=csv2", "--showHeader=false",
         "--nullemptystring=false", "-e", query],
        env=environment(Path("/"), ROOT / "conf" / "spark" / "test") | {"PYSPARK_PYTHON": sys.executable},
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    # Without a terminal it prints its prompt before the first line.
    return [line.rpartition("> ")[2] for line in told.stdout.splitlines() if line]


def _from_hex(cell):
    return None if cell == "NULL" else bytes.fromhex(cell).decode()


def test_readers_of_the_folder_see_what_is_published_if_they_are_given_its_version(lake):
    app, _, _ = lake
    wanted = seen_by_spark(app)
    assert {count for count, _ in wanted.values()} == {N_ROWS}
    for reader in ("delta_rs", "duckdb_on_delta"):
        assert read_by(reader, tables=columns_of(app)) == wanted, reader
        newest = read_by(reader, tables=columns_of(app, newest=True))
        assert [name for name in wanted if newest[name] == wanted[name]] == [], "the known-bad reader is not seen"


def test_thrift_readers_see_what_is_published_and_follow_it(lake):
    app, unpublished, folder = lake
    wanted, tables = seen_by_spark(app), columns_of(app)
    answers = {query: plain_numbers(rows) for query, rows in answered(app).items()}
    with server(folder) as port:
        assert read_by("pyhive", port=port, tables=tables) == wanted
        assert by_beeline(port, tables) == wanted
        told = read_by("pyhive_statements", port=port, statements=[*QUERIES, ANSWERED_FROM_THE_LOG, f"{QUERIES[0]} "])
        # The known-bad one: what Delta does unless the profile says otherwise.
        assert "ClassCastException" in told.pop(f"{QUERIES[0]} ")
        assert told.pop(ANSWERED_FROM_THE_LOG) == [["spark.databricks.delta.optimizeMetadataQuery.enabled", "true"]]
        assert [said for said in told.values() if isinstance(said, str)] == [], "refused"
        assert {query: plain_numbers(rows) for query, rows in told.items()} == answers
        beside = ended(folder, str(BIN / "reclake"), "register")
        assert beside.returncode == 6, beside.stderr
        assert "the metastore does not answer" in beside.stderr
        named = {name.replace("gold.", "gold_newest."): table for name, table in tables.items()}
        newest = read_by("pyhive", port=port, tables=named)
        assert [name for name in wanted if newest[name.replace("gold.", "gold_newest.")] == wanted[name]] == []
        publish(app, unpublished)
        wanted = seen_by_spark(app)
        deadline = time.monotonic() + SECONDS
        while (seen := read_by("pyhive", port=port, tables=tables)) != wanted:
            assert time.monotonic() < deadline, f"the views do not follow: {seen}"
            time.sleep(1)


def in_the_metastore(folder):
    """Name, version and manifest of what another Spark application finds in the folder's metastore, and rows of a view."""
    program = """
import json, sys
from pathlib import Path
from reclake.lake.session import open_session
spark = open_session(Path(sys.argv[1]), name="reader", metastore=sys.argv[2])
told = spark.sql("SELECT name, version, manifest_id FROM gold.published_versions ORDER BY name").collect()
json.dump([[list(row) for row in told], spark.table("gold.segment_bins").count()], sys.stdout)
"""
    done = ended(folder, sys.executable, "-c", program, str(ROOT / "conf" / "spark" / "test"), str(folder / "metastore"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_jobs_register_and_export_and_say_what_they_did(lake, tmp_path):
    app, _, folder = lake
    shutil.copytree(folder / "lake", tmp_path / "lake")
    current = {name: row for name, row in sorted(app.manifest.current().items()) if name.startswith("gold.")}
    done = ended(tmp_path, *job("register"))
    assert done.returncode == 0, done.stderr
    lines = [f"{name} shows version {row.version} of manifest {row.manifest_id}" for name, row in current.items()]
    assert [line for line in lines if line not in done.stderr] == []
    assert in_the_metastore(tmp_path) == [[[name, row.version, row.manifest_id] for name, row in current.items()], N_ROWS]
    done = ended(tmp_path, *job("export"), "--file", "out/file.duckdb")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out" / "file.duckdb"
    lines = [f"{file} holds version {row.version} of {name}: {N_ROWS} rows" for name, row in current.items()]
    assert [line for line in lines if line not in done.stderr] == []
    assert read_by("duckdb_file", file=str(file), tables=columns_of(app)) == seen_by_spark(app)


def test_a_port_that_is_taken_is_told_as_that(lake, tmp_path):
    _, _, folder = lake
    shutil.copytree(folder / "lake", tmp_path / "lake")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ended(tmp_path, *command(taken.getsockname()[1]))
    assert done.returncode == 6, done.stderr
    assert "BindException: Address already in use" in done.stderr


def closed_by_modes(folder, key):
    """What the modes of files alone forbid on the folder's lake, and on a key."""
    path = f"{folder}/lake/gold/segment_bins"
    return [
        "INSERT INTO gold_newest.segment_bins SELECT * FROM gold.segment_bins",
        f"OPTIMIZE delta.`{path}`",
        f"DELETE FROM delta.`{path}`",  # noqa: S608
        f"SELECT * FROM text.`{folder}/lake/silver/contacts/names.txt`",  # noqa: S608
        f"SELECT * FROM text.`{key}`",  # noqa: S608
    ]


def with_a_secret(lake, folder):
    """A copy of the lake below `folder` with a table of contacts; its folder."""
    shutil.copytree(lake / "lake", folder / "lake")
    contacts = folder / "lake" / "silver" / "contacts"
    contacts.mkdir(parents=True)
    (contacts / "names.txt").write_text("somebody")
    return contacts


def test_a_reader_whose_server_may_only_read_files_can_write_no_table_and_read_no_other_layer(lake, spark, tmp_path):
    """What the operating system enforces, and what nothing does: docs/bi.md says both.

    Known-bad: where the modes forbid nothing, each of the statements is done.
    """
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("needs setpriv and root, to run a server that obeys the mode of files")
    app, _, folder = lake
    key = tmp_path / "id1.key"
    key.write_text("00" * 32)
    with_a_secret(folder, tmp_path / "open")
    open_one = opened(spark, tmp_path / "open")
    catalog, before = Catalog(open_one.store, database="gold"), open_one.store.newest(gold.SEGMENT_BINS)
    try:
        show_published(open_one, catalog)
        done = {statement: spark.sql(statement).collect() for statement in closed_by_modes(tmp_path / "open", key)}
        assert open_one.store.newest(gold.SEGMENT_BINS) == before + 3, "one of them found nothing to write"
        assert [row["value"] for rows in list(done.values())[-2:] for row in rows] == ["somebody", "00" * 32]
    finally:
        for database in (catalog.database, catalog.newest_database):
            spark.sql(f"DROP DATABASE IF EXISTS {database} CASCADE")

    for place in (with_a_secret(folder, tmp_path), key):
        place.chmod(0)
    for place in (tmp_path / "lake" / "gold").rglob("*"):
        place.chmod(0o555 if place.is_dir() else 0o444)
    refused = closed_by_modes(tmp_path, key)
    accepted = ["SET spark.sql.shuffle.partitions=3", "DROP VIEW gold.model_metrics", "SELECT count(*) FROM gold.segment_bins"]
    with server(tmp_path, before=["setpriv", *NO_OVERRIDE], program=job("thrift")) as port:
        told = read_by("pyhive_statements", port=port, statements=[*refused, *accepted])
    # A folder that may not be entered hides that the file is there.
    by_permission = re.compile(r"refused: .*(\(Permission denied\)|PATH_NOT_FOUND.*/silver/contacts/names\.txt)", re.DOTALL)
    assert [told[statement] for statement in refused if not by_permission.match(str(told[statement]))] == []
    assert [statement for statement in accepted if str(told[statement]).startswith("refused")] == []
    assert read_by("delta_rs", tables={n: t | {"path": t["path"].replace(str(folder), str(tmp_path))}
                                       for n, t in columns_of(app).items()}) == seen_by_spark(app)  # fmt: skip


@pytest.fixture
def production(tmp_path):
    """The cluster profile's Spark settings, with what a machine without HDFS must change."""
    here = {
        "spark.master": "local[1]", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g", "spark.eventLog.enabled": "false", "spark.authenticate.secret": os.urandom(16).hex(),
    }  # fmt: skip
    return spark_profile(tmp_path, "cluster", here)


@pytest.mark.parametrize("host", ["0.0.0.0", ""])  # noqa: S104
def test_production_refuses_to_be_open_to_everybody(lake, production, tmp_path, host):
    _, _, folder = lake
    port = free_port()
    own = environment(folder, production) | {"RECLAKE__BI__METASTORE": str(tmp_path / "metastore")}
    done = subprocess.run(
        [*command(port, host=host), "--profile", "cluster", "--set", f"secrets.directory={tmp_path}"],
        env=own, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "may not listen" in done.stderr
    assert "hive.server2.authentication=NONE" in done.stderr


def logins_by_ldap(conf, port_of_directory):
    """Let the server ask a directory on loopback: its address stands in hive-site.xml, which the LDAP provider alone reads."""
    own = {
        "authentication": "LDAP",
        "authentication.ldap.url": f"ldap://127.0.0.1:{port_of_directory}",
        "authentication.ldap.baseDN": "ou=people,dc=example,dc=org",
    }
    properties = (f"<property><name>hive.server2.{name}</name><value>{value}</value></property>" for name, value in own.items())
    (conf / "hive-site.xml").write_text(f"<configuration>{''.join(properties)}</configuration>")


def test_production_that_names_its_directory_to_spark_alone_does_not_start(lake, production, tmp_path):
    _, _, folder = lake
    with (production / "spark-defaults.conf").open("a") as settings:
        settings.write("spark.hive.server2.authentication LDAP\nspark.hive.server2.authentication.ldap.url ldap://127.0.0.1\n")
    own = environment(folder, production) | {"RECLAKE__BI__METASTORE": str(tmp_path / "metastore")}
    done = subprocess.run(
        command(free_port()), env=own, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 2, done.stderr
    assert "would let nobody in" in done.stderr


PEOPLE = """\
dn: dc=example,dc=org
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Example
userPassword: {password}
"""


@contextmanager
def directory(folder, password):
    """An LDAP directory on loopback that knows Alice; gives its port."""
    if shutil.which("javac") is None or not DIRECTORY_JAR.exists():
        pytest.skip("a directory needs a JDK (javac) and make bi: not run is not passed")
    people = folder / "people.ldif"
    people.write_text(PEOPLE.format(password=password))
    command_line = ["java", "-cp", str(DIRECTORY_JAR), str(Path(__file__).with_name("Directory.java")), str(people)]
    with subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.stdin.close()


@pytest.fixture
def certificate(tmp_path):
    """A server's key and certificate in a key store, and the certificate for its readers; store, file, password."""
    store, file, password = tmp_path / "thrift.p12", tmp_path / "thrift.pem", os.urandom(16).hex()
    common = ["-alias", "thrift", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", password]
    make = [
        "-genkeypair",
        "-keyalg",
        "RSA",
        "-keysize",
        "2048",
        "-validity",
        "2",
        "-dname",
        "CN=thrift",
        "-ext",
        "san=ip:127.0.0.1",
    ]
    for options in (make, ["-exportcert", "-rfc", "-file", str(file)]):
        subprocess.run(["keytool", *options, *common], check=True, capture_output=True)
    return store, file, password


def test_production_lets_in_whom_the_directory_knows_and_hides_what_they_read(lake, production, certificate, tmp_path):
    _, _, folder = lake
    store, file, store_password = certificate
    password, statements = os.urandom(8).hex(), ["SELECT count(*) FROM gold.segment_bins"]
    shutil.copytree(folder / "lake", tmp_path / "lake")
    with (production / "spark-defaults.conf").open("a") as settings:
        settings.write(
            "spark.hive.server2.use.SSL true\n"
            f"spark.hive.server2.keystore.path {store}\n"
            f"spark.hive.server2.keystore.password {store_password}\n"
        )
    known = {"name": "alice", "password": password, "certificate": str(file)}
    strangers = [known | {"name": "bob"}, known | {"password": "guessed"}, known | {"password": ""}]
    in_the_clear = {"name": "alice", "password": password}

    def said(login):
        return read_by("pyhive_statements", port=port, statements=statements, **login)

    def refused(login):
        told = said(login)
        return list(told) == ["connect"] and told["connect"].startswith("refused")

    with directory(tmp_path, password) as port_of_directory:
        logins_by_ldap(production, port_of_directory)
        with server(tmp_path, conf=production) as port:
            assert said(known) == {statements[0]: [[str(N_ROWS)]]}
            url = f"jdbc:hive2://127.0.0.1:{port}/gold;ssl=true;sslTrustStore={store};trustStorePassword={store_password}"
            assert said_to_beeline(url, statements[0], "-n", "alice", "-p", password) == [str(N_ROWS)]
            assert [login for login in (*strangers, in_the_clear) if not refused(login)] == [], "let in"


def test_production_lets_nobody_in_while_the_directory_does_not_answer(lake, production, tmp_path):
    _, _, folder = lake
    logins_by_ldap(production, free_port())
    shutil.copytree(folder / "lake", tmp_path / "lake")
    with server(tmp_path, conf=production) as port:
        for login in ({}, {"password": ""}, {"password": "guessed"}):
            told = read_by("pyhive_statements", port=port, statements=["SELECT count(*) FROM gold.segment_bins"], **login)
            assert list(told) == ["connect"], f"let in with {login}"
            assert told["connect"].startswith("refused")


def test_every_gold_table_is_looked_at(lake):
    assert set(columns_of(lake[0])) == {table.name for table in gold.TABLES}
    assert len(gold.TABLES) >= 4
