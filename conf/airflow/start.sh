#!/usr/bin/env bash
# A local Airflow on loopback, with a database, keys and a password of its own below .reclake/airflow. Ctrl-C stops it.
# For one machine and for trying out: production brings its own Airflow, with roles (docs/operations.md).
set -euo pipefail
umask 077
home=$(cd "$(dirname "$0")/../.." && pwd)
airflow=$home/.venv/airflow/bin/airflow
source "$home/conf/airflow/env.sh"

# Another server there would be taken for this one.
"$home/.venv/airflow/bin/python" -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1])))' "$port" 2> /dev/null ||
  { echo "port $port is in use: set RECLAKE_AIRFLOW_PORT to a free one" >&2; exit 2; }
mkdir -p "$AIRFLOW_HOME"
passwords=$AIRFLOW_HOME/simple_auth_manager_passwords.json.generated
secret() { "$home/.venv/airflow/bin/python" -c 'import secrets; print(secrets.token_urlsafe(24))'; }
[ -s "$passwords" ] || printf '{"admin": "%s", "viewer": "%s"}\n' "$(secret)" "$(secret)" > "$passwords"
for name in jwt_secret secret_key; do [ -s "$AIRFLOW_HOME/$name" ] || secret > "$AIRFLOW_HOME/$name"; done

"$airflow" db migrate > "$AIRFLOW_HOME/migrate.log" 2>&1 || { tail "$AIRFLOW_HOME/migrate.log"; exit 1; }
# Readers and the writer do not lock each other out.
"$home/.venv/airflow/bin/python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode=WAL")' "$AIRFLOW_HOME/airflow.db"
"$airflow" pools import "$home/conf/airflow/pools.json" >> "$AIRFLOW_HOME/migrate.log" 2>&1 || { tail "$AIRFLOW_HOME/migrate.log"; exit 1; }

children=()
stop() {
  trap - EXIT INT TERM
  kill "${children[@]}" 2>/dev/null || true
  for _ in $(seq 60); do kill -0 "${children[@]}" 2>/dev/null || break; sleep 1; done
  kill -9 "${children[@]}" 2>/dev/null || true
  wait
  echo "Airflow is stopped."
}
trap stop EXIT
trap 'exit 0' INT TERM
# The servers that show workers' logs listen on every address: on one machine the files are read instead.
"$airflow" api-server > "$AIRFLOW_HOME/api-server.log" 2>&1 & children+=($!)
# Tasks talk to it: a scheduler that is up first would fail them.
answers() { "$home/.venv/airflow/bin/python" -c 'import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=5)' "$1" 2> /dev/null; }
until answers "http://127.0.0.1:$port/api/v2/version"; do
  kill -0 "${children[0]}" 2>/dev/null || { tail "$AIRFLOW_HOME/api-server.log"; exit 1; }
  sleep 1
done
"$airflow" dag-processor > "$AIRFLOW_HOME/dag-processor.log" 2>&1 & children+=($!)
"$airflow" scheduler --skip-serve-logs > "$AIRFLOW_HOME/scheduler.log" 2>&1 & children+=($!)
"$airflow" triggerer --skip-serve-logs > "$AIRFLOW_HOME/triggerer.log" 2>&1 & children+=($!)

cat <<TOLD
Airflow runs at http://127.0.0.1:$port
  user admin or viewer, passwords in $passwords
  logs in $AIRFLOW_HOME; DAGs are paused until you switch them on
  switching one on starts it at once for its last interval; a day that is late then is not told of
  its commands: conf/airflow/airflow dags list
  Ctrl-C stops it, or: kill $$
TOLD
wait -n "${children[@]}"
echo "One of Airflow's processes has ended: see the logs in $AIRFLOW_HOME" >&2
exit 1
