# What a local Airflow and commands beside it run with; sourced, with $home set to the project folder.
port=${RECLAKE_AIRFLOW_PORT:-8080}

export AIRFLOW_HOME=${AIRFLOW_HOME:-$home/.reclake/airflow}
export PYTHONPATH=$home/lib RECLAKE_HOME=$home TZ=UTC
export RECLAKE_PROFILE=${RECLAKE_PROFILE:-local} RECLAKE_REPORTS=${RECLAKE_REPORTS:-$home/.reclake/reports}
export AIRFLOW__CORE__DAGS_FOLDER=${AIRFLOW__CORE__DAGS_FOLDER:-$home/dags} AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__EXECUTOR=LocalExecutor
export AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__PORT=$port AIRFLOW__API__WORKERS=1 AIRFLOW__API__BASE_URL=http://127.0.0.1:$port
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:$port/execution/
# SQLite lets one write at a time: the others wait this many seconds before they fail. A busy laptop answers late.
export AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT=60
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///$AIRFLOW_HOME/airflow.db?timeout=60"
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=admin:admin,viewer:viewer
export AIRFLOW_CONN_SPARK_DEFAULT=${AIRFLOW_CONN_SPARK_DEFAULT:-'{"conn_type": "spark", "host": "local[*]"}'}
unset SPARK_HOME SPARK_CONF_DIR PYSPARK_PYTHON
# By command, so that they stand in no process's environment; start.sh makes the files.
export AIRFLOW__API_AUTH__JWT_SECRET_CMD="cat $AIRFLOW_HOME/jwt_secret"
export AIRFLOW__API__SECRET_KEY_CMD="cat $AIRFLOW_HOME/secret_key"
