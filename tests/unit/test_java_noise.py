"""What Java writes at every start is kept from the terminal; everything else passes."""

import subprocess
import time

from reclake.lake.java_noise import without_noise

NOISE = (
    "WARNING: Using incubator modules: jdk.incubator.vector",
    'Setting default log level to "WARN".',
    "To adjust logging level use sc.setLogLevel(newLevel). For SparkR, use setLogLevel(newLevel).",
    "netlib-blas: JNI_OnLoad: dlopen(libblas.so.3) failed: libblas.so.3: cannot open shared object file: No such file or directory",
    "Warning: Java versions > Java 11 can only operate in restricted mode where no off-heap operations are allowed!",
)
REAL = (
    "26/03/01 10:00:00 ERROR Executor: [CAST_INVALID_INPUT]",
    "Error occurred during initialization of VM",
    "x WARNING: Using",
)


def test_noise_is_dropped_and_the_rest_passes_also_after_the_block(capfd):
    program = 'read -r line; for line in "$@"; do printf \'%s\\n\' "$line" >&2; done'
    with without_noise():
        child = subprocess.Popen(["sh", "-c", program, "sh", *NOISE, *REAL], stdin=subprocess.PIPE)
    # As Java does, it writes long after it was started.
    child.communicate(b"\n")
    lines: list[str] = []
    ends = time.monotonic() + 10
    while len(lines) < len(REAL) and time.monotonic() < ends:
        lines += capfd.readouterr().err.splitlines()
        time.sleep(0.01)
    assert lines == list(REAL)
    subprocess.run(["sh", "-c", "echo own >&2"], check=True)
    assert capfd.readouterr().err == "own\n"
