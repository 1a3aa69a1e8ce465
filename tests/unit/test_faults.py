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


def test_an_error_of_spark_is_told_by_its_condition_and_function_without_the_value():
    class ArithmeticException(Exception):
        pass

    text = """[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION] 199999999999998.0000 cannot be represented as Decimal(18, 4). SQLSTATE: 22003
== DataFrame ==
"cast" was called from
/app/reclake/gold/customer_segments.py:46
"""
    assert fault_lines(ArithmeticException(text)).splitlines()[1] == (
        "  found: ArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION] "
        "in cast, called from /app/reclake/gold/customer_segments.py:46"
    )


def test_the_condition_of_a_cause_is_kept_and_its_value_is_not():
    cause = "org.apache.spark.SparkArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE] 199999.0000 cannot be held"
    told = fault_lines(RuntimeError(OF_SPARK.format(cause=cause))).splitlines()[1]
    assert told.endswith("Cause: org.apache.spark.SparkArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE]")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ValueError("13800138000 is no amount"), "ValueError: ... is no amount"),
        (ValueError("-12.50 spent by a_0123456789abcdef0123456789abcdef"), "ValueError: ... spent by ..."),
        (KeyError("anna@example.org"), "KeyError: '...'"),
        (ValueError("write to anna@example.org"), "ValueError: write to ..."),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
    ],
)
def test_figures_ids_and_addresses_are_left_out_and_numbers_of_the_machine_are_not(fault, told):
    assert fault_lines(fault).splitlines()[1] == f"  found: {told}"
