"""These tests run in Airflow's own environment: `make airflow-test`."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("airflow") else ["test_*.py"]
