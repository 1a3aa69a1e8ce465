"""A standalone Spark cluster of one machine: a master and two workers on loopback, whose nodes do not see the project.

A node has Spark, a Python with the packages that requirements/jobs.txt brings along and no other, and the key files; lake,
landing folder and model files lie in a shared folder. Its Python has no reclake and opens nothing but its packages, what lies
in the shared folder and in the executor's own one, so whatever an executor needs must come with the wheel or from there.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
N_WORKERS = 2
HOST = "127.0.0.1"
_READABLE = "RECLAKE_READABLE_PLACES"  # set for workers, hence for executors and their Python
_OF_THE_SYSTEM = ("/proc", "/dev", "/sys/fs/cgroup", "/etc/localtime", "/usr/share/zoneinfo")
_GUARD = f"""
import os, sys

readable = tuple(place + "/" for place in os.environ.get("{_READABLE}", "").split(":") if place)


def refuse(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if not (path + "/").startswith(readable):
            raise PermissionError(f"no such place on a node: {{path}}")


if readable:
    sys.addaudithook(refuse)
"""
# What a cluster of this size changes of conf/spark/cluster: sizes, and where the event log lies.
_SIZES = {
    "spark.driver.memory": "1g",
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "4",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return found.getsockname()[1]


def built_wheel(folder: Path) -> Path:
    """The wheel as `make wheel` builds it, from a copy of the sources: a build leaves folders beside them."""
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("lib", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    pip = [str(JOBS / "bin" / "python"), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(folder)]
    subprocess.run([*pip, *options], check=True, capture_output=True, cwd=folder)
    [wheel] = (folder / "dist").glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Cluster:
    """A running master and its workers, and the machine that submits to it."""

    folder: Path
    master: str
    wheel: Path
    own: Mapping[str, str]  # RECLAKE__SECTION__KEY of every job
    rest_port: int  # where the master would take submissions without a secret

    @property
    def shared(self) -> Path:
        """What every machine sees: lake, landing folder, models, event logs."""
        return self.folder / "shared"

    @property
    def properties(self) -> Path:
        """The file with the cluster's secret."""
        return self.folder / "secret.properties"

    def submit(
        self, job: Path | str, *arguments: str, wheel: Path | None = None, conf: Mapping[str, str] | None = None,
        properties: Path | None = None, environment: Mapping[str, str] | None = None, has_wheel: bool = True,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a job on the cluster, under the cluster profile; its output is the driver's."""
        chosen = _SIZES | {"spark.eventLog.dir": (self.shared / "events").as_uri()} | dict(conf or {})
        command = [str(JOBS / "bin" / "spark-submit"), "--master", self.master]
        command += ["--properties-file", str(properties or self.properties), "--load-spark-defaults"]
        command += [word for key, value in chosen.items() for word in ("--conf", f"{key}={value}")]
        command += ["--py-files", str(wheel or self.wheel)] if has_wheel else []
        own = {
            "RECLAKE_HOME": str(ROOT),
            "RECLAKE_PROFILE": "cluster",
            "SPARK_CONF_DIR": str(ROOT / "conf" / "spark" / "cluster"),
            "PYSPARK_PYTHON": str(self.folder / "python" / "bin" / "python"),
            "SPARK_LOCAL_IP": HOST,
            "TZ": "UTC",
        }
        return subprocess.run(
            [*command, str(ROOT / "jobs" / job), *arguments],
            env=_inherited() | own | self.own | dict(environment or {}),
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=1200,
        )  # fmt: skip


def _inherited() -> dict[str, str]:
    """What a process of its own takes over: where programs lie, and nothing of this Python or this Spark."""
    return {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "LANG", "LC_ALL") if name in os.environ}


def brought_along(requirements: Path) -> set[str]:
    """Canonical names of the installed distributions that a file of requirements brings along, its own included."""
    lines = (line.partition("#")[0].strip() for line in requirements.read_text().splitlines())
    left, found = [Requirement(line) for line in lines if line], set()
    while left:
        wanted = left.pop()
        for extra in ("", *wanted.extras):
            if (name := (canonicalize_name(wanted.name), extra)) in found:
                continue
            found.add(name)
            needed = map(Requirement, metadata.requires(wanted.name) or ())
            left += [one for one in needed if one.marker is None or one.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def _nodes_python(folder: Path) -> None:
    """A Python with the packages of the jobs, linked one by one: without those of developers, and without reclake."""
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    for name in brought_along(ROOT / "requirements" / "jobs.txt"):
        installed = metadata.distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():  # packages of one namespace share their folder
                (packages / top).symlink_to(installed.locate_file(top))
    (packages / "nodes_guard.py").write_text(_GUARD)
    (packages / "nodes.pth").write_text("import nodes_guard\n")


def secret_file(path: Path) -> Path:
    """A properties file of mode 0600 with a secret of its own."""
    path.touch(mode=0o600)
    path.write_text(f"spark.authenticate.secret {secrets.token_hex(32)}\n")
    return path


def _started(folder: Path, name: str, *arguments: str, spark: Path, own: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A daemon of the cluster with a home and working directory of its own."""
    home = folder / name
    home.mkdir()
    environment = _inherited() | {
        "HOME": str(home), "SPARK_HOME": str(spark), "SPARK_CONF_DIR": str(folder / "nodes-conf"), "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1", "TZ": "UTC", **own,
    }  # fmt: skip
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(spark / "bin" / "spark-class"), *arguments], env=environment, cwd=home, stderr=log, stdout=log
        )


@contextmanager
def history_server(cluster: Cluster) -> Iterator[str]:
    """Spark's history server on the cluster's event logs, with the options of docs/cluster.md but in the foreground; gives its address."""
    spark, port = _spark_home(), free_port()
    options = {"fs.logDirectory": (cluster.shared / "events").as_uri(), "ui.port": str(port)}
    options |= {"fs.cleaner.enabled": "true", "fs.cleaner.maxAge": "30d"}
    own = {"SPARK_HISTORY_OPTS": " ".join(f"-Dspark.history.{key}={value}" for key, value in options.items())}
    process = _started(cluster.folder, "history", "org.apache.spark.deploy.history.HistoryServer", spark=spark, own=own)
    with _ended(process):
        yield f"http://{HOST}:{port}"


def asked(url: str, *, until: Callable[[Any], Any] = bool, seconds: float = 120) -> Any:
    """What a server that is starting answers in JSON, once it is what is waited for: anything at all, if nothing is said.

    Raises
    ------
    TimeoutError
        When it does not.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
                if until(found := json.load(answer)):
                    return found
        except (OSError, json.JSONDecodeError):
            pass  # it does not listen yet, does not know of it, or shows a page until what answers in JSON stands behind it
        time.sleep(0.5)
    raise TimeoutError(f"no answer from {url}")


def _spark_home() -> Path:
    where = "import os, pyspark; print(os.path.dirname(pyspark.__file__))"
    python = str(JOBS / "bin" / "python")
    return Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())


def _alive_workers(web_port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{web_port}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, json.JSONDecodeError):  # a master that is starting shows its pages before their JSON
        return 0


@contextmanager
def standalone(folder: Path, own: Mapping[str, str]) -> Iterator[Cluster]:
    """A master and two workers of 1 core and 1.5 GiB each; they end with the block."""
    spark = _spark_home()
    (folder / "build").mkdir()
    (folder / "shared" / "events").mkdir(parents=True)
    _nodes_python(folder / "python")
    seen = (*_OF_THE_SYSTEM, sys.base_prefix, str(spark), str(folder / "python"), str(folder / "shared"))
    secret = secret_file(folder / "secret.properties")
    # A node's own settings: those of the profile, and the secret.
    shutil.copytree(ROOT / "conf" / "spark" / "cluster", folder / "nodes-conf")
    nodes = folder / "nodes-conf" / "spark-defaults.conf"
    nodes.chmod(0o600)
    web_port, rest_port = free_port(), free_port()
    nodes.write_text(f"{nodes.read_text()}{secret.read_text()}spark.master.rest.port {rest_port}\n")
    with ExitStack() as running:
        master = running.enter_context(master_alone(folder, web_port=web_port))
        workers = []
        for n in range(1, N_WORKERS + 1):
            home = folder / f"worker{n}"
            options = ["--host", HOST, "-c", "1", "-m", "1536m", "--webui-port", "0", "-d", str(home / "work"), master]
            nodes_own = {_READABLE: ":".join((*seen, str(home))), "SPARK_LOCAL_DIRS": str(home / "local")}
            process = _started(folder, home.name, "org.apache.spark.deploy.worker.Worker", *options, spark=spark, own=nodes_own)
            workers.append(running.enter_context(_ended(process)))
        _wait_for_workers(folder, web_port, workers)
        yield Cluster(folder, master, built_wheel(folder / "build"), own, rest_port)


@contextmanager
def master_alone(folder: Path, *, web_port: int) -> Iterator[str]:
    """A master by the settings of nodes-conf in `folder`; gives its URL."""
    port = free_port()
    options = ["--host", HOST, "--port", str(port), "--webui-port", str(web_port)]
    process = _started(folder, "master", "org.apache.spark.deploy.master.Master", *options, spark=_spark_home(), own={})
    with _ended(process):
        yield f"spark://{HOST}:{port}"


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon that ends with the block."""
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for_workers(folder: Path, web_port: int, running: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 180
    while _alive_workers(web_port) < N_WORKERS:
        logs = "".join((folder / f"{name}.log").read_text()[-2000:] for name in ("master", "worker1", "worker2"))
        if time.monotonic() > deadline or any(process.poll() is not None for process in running):
            raise RuntimeError(f"the cluster did not start:\n{logs}")
        time.sleep(0.5)
