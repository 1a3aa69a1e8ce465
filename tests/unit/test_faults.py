"""A fault in three lines: its cause is named, and nothing that its message says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.run.faults import _CONDITION as CONDITION
from reclake.run.faults import _OF_THE_MACHINE as OF_THE_MACHINE
from reclake.run.faults import fault_text, trace_text
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
        ("java.lang.NumberFormatException: 13800138000 is no number", "Cause: java.lang.NumberFormatException"),
        ("java.io.IOException: cannot read /landing/O'Hara.csv", "Cause: java.io.IOException"),
        ("java.lang.InterruptedException", "Cause: java.lang.InterruptedException"),
        ("O'Hara 13800138000: is no kind", "Cause: a fault"),
        ("Anna: called", "Cause: a fault"),
    ],
)
def test_the_first_cause_of_a_fault_of_spark_is_named(cause, told):
    lines = fault_lines(RuntimeError(OF_SPARK.format(cause=cause))).splitlines()
    assert lines[0] == "the run broke off"
    assert lines[1] == f"  found: RuntimeError in save. {told}"
    assert lines[2].startswith("  next:")


def test_a_fault_of_spark_that_has_no_cause_is_its_own():
    told = "An error occurred while calling o7.collectAsList.\n: java.lang.OutOfMemoryError: Java heap space\n\tat java.base/x\n"
    assert fault_lines(RuntimeError(told)).splitlines()[1] == (
        "  found: RuntimeError in collectAsList. Cause: java.lang.OutOfMemoryError: Java heap space"
    )


def test_what_a_message_quotes_is_left_out():
    told = fault_lines(ValueError("could not convert '13800138000' to \"float\"\nanna@example.org")).splitlines()
    assert told[1] == "  found: ValueError"


def test_a_fault_without_a_message_is_told_by_its_name():
    assert "found: KeyError\n" in fault_lines(KeyError())


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
        (ValueError("13800138000 is no amount"), "ValueError"),
        (ValueError("-12.50 spent by a_0123456789abcdef0123456789abcdef"), "ValueError"),
        (ValueError("could not parse 'O'Hara', who spent 12,50"), "ValueError"),
        (KeyError("anna@example.org"), "KeyError"),
        (OSError(28, "No space left on device", "/landing/O'Hara 13800138000.csv"), "OSError: No space left on device"),
        (PermissionError(13, "Permission denied", "/landing/Hara"), "PermissionError: Permission denied"),
        (OSError("O'Hara 13800138000"), "OSError"),
        (RuntimeError("[CAST_INVALID_INPUT] The value O'Hara 13800138000 cannot be cast"), "RuntimeError: [CAST_INVALID_INPUT]"),
        (RuntimeError("[O'Hara] 13800138000"), "RuntimeError"),
    ],
)
def test_of_a_message_nothing_is_told_but_words_of_spark_and_of_the_machine(fault, told):
    assert fault_lines(fault).splitlines()[1] == f"  found: {told}"


def raised(value):
    raise ValueError(value)


def raised_from(value):
    try:
        raised(value)
    except ValueError as error:
        raise KeyError(value) from error


def test_the_line_of_code_is_named_and_the_stack_holds_no_message():
    canary = "O'" + "Hara 13800138000"
    with pytest.raises(KeyError) as outer:
        raised_from(canary)
    assert f", {__file__}:" in fault_text(outer.value.__cause__)
    assert " in raised, " in fault_text(outer.value.__cause__)
    stack = trace_text(outer.value)
    assert canary not in stack
    assert stack.index("ValueError in raised") < stack.index("which led to:") < stack.index("KeyError in ")


def test_the_stack_names_the_places_of_java_and_no_message():
    cause = "java.lang.NumberFormatException: O'Hara 13800138000\n\tat 13800138000\n\tat the door of anna(at.home)"
    stack = trace_text(RuntimeError(OF_SPARK.format(cause=cause))).splitlines()
    assert stack == [
        "RuntimeError in save. Cause: java.lang.NumberFormatException",
        "\tat org.apache.spark.sql.errors.QueryExecutionErrors$.taskFailedWhileWritingRowsError(QueryExecutionErrors.scala:843)",
        "caused by org.apache.hadoop.fs.FSError: No space left on device",
        "\tat org.apache.hadoop.fs.RawLocalFileSystem.write(RawLocalFileSystem.java:1)",
        "caused by java.lang.NumberFormatException",
    ]


OF_A_WORKER = """Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/srv/lib/reclake/records/parser.py", line 80, in parsed
    raise ValueError(text)
{last}
\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:1)
"""


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("ValueError: O'Hara 13800138000 is none", "ValueError"),
        ("ModuleNotFoundError: No module named 'reclake'", "ModuleNotFoundError: No module named 'reclake'"),
        ("ModuleNotFoundError: No module named 'O'Hara 1380'", "ModuleNotFoundError"),
        ("reclake.errors.SecretMissing: anna", ""),
        ("PermissionError: [Errno 13] Permission denied: '/landing/Hara'", "PermissionError: Permission denied"),
    ],
)
def test_of_a_fault_of_a_worker_the_kind_is_told(last, told):
    fault = RuntimeError(OF_A_WORKER.format(last=last))
    assert fault_text(fault) == (f"RuntimeError. Cause: {told}" if told else "RuntimeError")
    assert '  File "/srv/lib/reclake/records/parser.py", line 80, in parsed' in trace_text(fault)
    assert "Hara" not in trace_text(fault)


@settings(deadline=None)
@given(
    st.text(min_size=4, alphabet=st.characters(exclude_categories=("Cs",))),
    st.sampled_from((ValueError, OSError, RuntimeError, KeyError)),
)
def test_no_value_gets_out_however_it_is_written(value, kind):
    told = {
        fault_text(kind(value)),
        fault_text(kind(f"'{value}'")),
        fault_text(RuntimeError(OF_SPARK.format(cause=f"x.YError: {value}"))),
    }
    plain = {kind.__name__, "RuntimeError in save. Cause: x.YError"}
    assert told <= plain | {text for text in told if value in OF_THE_MACHINE or CONDITION.match(value)}


def test_only_words_of_the_machine_that_no_record_holds_are_repeated():
    assert "No space left on device" in OF_THE_MACHINE
    assert not [words for words in OF_THE_MACHINE if any(sign.isdigit() or sign in "@'\"" for sign in words)]
