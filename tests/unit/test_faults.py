"""A fault in three lines: its cause is named, and nothing that its message quotes."""

import pytest

from reclake.run.job import fault_lines

OF_SPARK = """An error occurred while calling o17642.save.
: org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to file:/lake/silver/events.
\tat org.apache.spark.sql.errors.QueryExecutionErrors$.taskFailedWhileWritingRowsError(QueryExecutionErrors.scala:843)
Caused by: org.apache.hadoop.fs.FSError: java.io.IOException: No space left on device
\tat org.apache.hadoop.fs.RawLocalFileSystem.write(RawLocalFileSystem.java:1)
Caused by: {cause}
\t... 9 more
"""


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("java.io.IOException: No space left on device", "Cause: java.io.IOException: No space left on device"),
        ("java.net.ConnectException: Connection refused", "Cause: java.net.ConnectException: Connection refused"),
        ("java.lang.OutOfMemoryError: Java heap space", "Cause: java.lang.OutOfMemoryError: Java heap space"),
        ("java.lang.NumberFormatException: 13800138000 is no number", "Cause: java.lang.NumberFormatException: ..."),
        ("java.io.IOException: cannot read 'anna@example.org'", "Cause: java.io.IOException: cannot read '...'"),
        ("java.lang.InterruptedException", "Cause: java.lang.InterruptedException"),
    ],
)
def test_the_first_cause_of_a_fault_of_spark_is_named(cause, told):
    lines = fault_lines(RuntimeError(OF_SPARK.format(cause=cause))).splitlines()
    assert lines[0] == "the run broke off"
    assert lines[1] == f"  found: RuntimeError: An error occurred while calling o17642.save. {told}"
    assert lines[2].startswith("  next:")


def test_a_fault_of_spark_that_has_no_cause_is_its_own():
    told = "An error occurred while calling o7.collectAsList.\n: java.lang.OutOfMemoryError: Java heap space\n\tat java.base/x\n"
    assert fault_lines(RuntimeError(told)).splitlines()[1] == (
        "  found: RuntimeError: An error occurred while calling o7.collectAsList. "
        "Cause: java.lang.OutOfMemoryError: Java heap space"
    )


def test_what_a_message_quotes_is_left_out():
    told = fault_lines(ValueError("could not convert '13800138000' to \"float\"\nanna@example.org")).splitlines()
    assert told[1] == "  found: ValueError: could not convert '...' to '...'"


def test_a_fault_without_a_message_is_told_by_its_name():
    assert "found: KeyError: " in fault_lines(KeyError())
