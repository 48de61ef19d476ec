#!/bin/sh
# A PostgreSQL of one's own, on a socket in a folder, for as long as it is wanted.
#
#   postgres.sh start FOLDER    installs PostgreSQL where it is missing (apt), makes a cluster in FOLDER and starts it
#   postgres.sh stop FOLDER     stops it
set -eu
do=${1:?start or stop} folder=${2:?a folder}

programs() {
  ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1
}

if [ -z "$(programs)" ] && command -v pg_ctl > /dev/null; then
  bin=$(dirname "$(command -v pg_ctl)")
else
  if [ -z "$(programs)" ]; then
    echo "PostgreSQL is missing: installing it" >&2
    apt-get install -y --no-install-recommends postgresql >&2
  fi
  bin=$(programs)
fi

# PostgreSQL refuses to run as root.
as() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

case $do in
  start)
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as "$bin/initdb" --pgdata "$folder/data" --username owner --auth trust --encoding UTF8 --locale C --no-sync > "$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    # No network; memory enough for all of the data, and nothing that waits for a disk.
    as "$bin/pg_ctl" --pgdata "$folder/data" --log "$folder/data/log" --wait \
      --options "-k $folder -c listen_addresses='' -c shared_buffers=1GB -c work_mem=256MB -c fsync=off -c jit=off -c max_parallel_workers_per_gather=0" start > /dev/null
    "$bin/postgres" --version
    ;;
  stop)
    as "$bin/pg_ctl" --pgdata "$folder/data" --mode immediate --wait stop > /dev/null
    ;;
esac
