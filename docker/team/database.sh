#!/usr/bin/env bash
# Runs PostgreSQL for a team, as the user of its image. At every start each role gets the password of its file, so a
# volume that outlived its stack takes the passwords of the next one.
set -euo pipefail
export PGDATA=/var/lib/postgresql/data/cluster

# Under another name until it is whole: an initdb that was cut off leaves a folder that looks like a database.
if [ ! -d "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  # The collation of PostgreSQL itself: that of the image's libc changes with the image, and indexes go stale.
  initdb --pgdata="$PGDATA.new" --username=postgres --auth-local=peer --auth-host=scram-sha-256 --data-checksums \
    --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  echo 'host all all all scram-sha-256' >>"$PGDATA.new/pg_hba.conf"
  sync
  mv "$PGDATA.new" "$PGDATA"
fi

# Makes a role and its database if they are not there, and sets the role's password. $1 is the name of both.
make_database() {
  PASSWORD_FILE=/run/trackyard/$1.password psql --no-psqlrc --quiet --tuples-only --username=postgres \
    --dbname=postgres --set=ON_ERROR_STOP=1 --set=name="$1" <<'SQL'
\set password `cat "$PASSWORD_FILE"`
select format('create role %I login', :'name')
  where not exists (select from pg_roles where rolname = :'name') \gexec
alter role :"name" password :'password';
select format('create database %I owner %I', :'name', :'name')
  where not exists (select from pg_database where datname = :'name') \gexec
revoke all on database :"name" from public;
SQL
}

# Reachable by nobody yet, and a statement that fails is not logged with the password in it.
pg_ctl --silent --wait --options='-c listen_addresses= -c log_min_error_statement=panic' start
for database in $DATABASES; do make_database "$database"; done
psql --no-psqlrc --quiet --username=postgres --dbname=postgres --set=ON_ERROR_STOP=1 <<'SQL'
set client_min_messages = warning;
create extension if not exists pg_stat_statements;
SQL
pg_ctl --silent --wait --mode=fast stop

exec postgres -c listen_addresses='*' -c shared_preload_libraries=pg_stat_statements "$@"
