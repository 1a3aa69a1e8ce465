"""What a job refuses before it touches the lake."""

import runpy
from argparse import Namespace
from datetime import date

import pytest

from reclake.errors import UsageError


@pytest.mark.parametrize("table", ["gold.recommendations", "silver.order_line", ""])
def test_a_stage_builds_no_table_of_another(root, table):
    build = runpy.run_path(str(root / "jobs" / "build.py"))["build"]
    with pytest.raises(UsageError, match=r"(?s)silver has no table.*silver\.order_lines") as refused:
        build(None, Namespace(stage="silver", day=date(2026, 1, 1), table=table, force=False))
    assert refused.value.exit_code == 2
