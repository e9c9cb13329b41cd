#!/bin/sh
# As the official image: the first start makes the account, its database and what init.sql says.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" --auth scram-sha-256 -E UTF8 --locale C
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    { echo "create database $POSTGRES_DB;"; cat /docker-entrypoint-initdb.d/init.sql; } \
        | postgres --single -D "$PGDATA" postgres
fi
exec postgres -D "$PGDATA" -c listen_addresses=* -c unix_socket_directories= "$@"
