"""A whole demo and the file for its readers, in a network of its own that leads nowhere; nothing asks for more (S-14)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lakes import ROOT
from trials.processes import Place

pytestmark = pytest.mark.trial
_ADDRESS = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([0-9a-fA-F.:]+)"')  # as strace writes both kinds


def attempts(trace):
    """The addresses beyond this machine that anything tried to reach."""
    found = {match.group(1) for match in map(_ADDRESS.search, trace.read_text(errors="replace").splitlines()) if match}
    return {address for address in found if not address.startswith(("127.", "::1", "::ffff:127."))}


def traced(command, trace, environment):
    """Run it with loopback alone, each connect written down."""
    alone = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect", "-o", str(trace)]
    return subprocess.run(
        [*alone, *strace, *command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture(autouse=True)
def _rights(tmp_path):
    try:
        done = traced(["true"], tmp_path / "rights", None)
    except FileNotFoundError as missing:
        pytest.skip(f"{missing.filename} is missing: not run is not passed")
    if done.returncode:
        pytest.skip("a network namespace needs the right to make one: not run is not passed")


def test_the_demo_and_its_export_need_no_network(tmp_path):
    place = Place(tmp_path, tmp_path / "landing" / "of")
    reclake = str(Path(sys.executable).with_name("reclake"))
    environment = (
        {name: value for name, value in place.environment().items() if name != "GX_ANALYTICS_ENABLED"}  # reclake's own to set
        | {"RECLAKE__TRAINING__TEST_DAYS": "2", "RECLAKE__DEMO__N_CUSTOMERS": "200"}
        # All have accounts from the first day on: a model of fewer has nobody to be judged by.
        | {"RECLAKE__DEMO__LIFE__MEMBER_SHARE": "1"}
    )
    done = traced([reclake, "demo", "--days", "3"], tmp_path / "trace", environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "gold.recommendations" in done.stdout
    file = tmp_path / "reclake.duckdb"
    done = traced([reclake, "export", "--file", str(file)], tmp_path / "trace-of-export", environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert file.is_file()
    assert attempts(tmp_path / "trace") | attempts(tmp_path / "trace-of-export") == set()


@pytest.mark.parametrize(
    ("family", "address"),
    [("AF_INET", "192.0.2.1"), ("AF_INET6", "2001:db8::1"), ("AF_INET6", "::ffff:192.0.2.1")],
    ids=("IPv4", "IPv6", "IPv4 of a socket for both"),  # the last is how Java connects
)
def test_an_attempt_is_counted(tmp_path, family, address):
    """The known-bad variant: one call to an address that belongs to nobody."""
    call = f"import socket; s = socket.socket(socket.{family}); s.settimeout(1); s.connect_ex(({address!r}, 443))"
    traced([sys.executable, "-c", call], tmp_path / "trace", None)
    assert attempts(tmp_path / "trace") == {address}
