#!/usr/bin/env bash
# Backups of a team's databases and artifacts.
#   backup.sh schedule          one a day at $BACKUP_TIME (UTC), and at once if the last one is missing
#   backup.sh now               one now
#   backup.sh list              their names, the oldest first
#   backup.sh restore NAME      puts one back; the servers should be stopped
#   backup.sh health            whether one was made within the last 26 hours
# Each is a folder with a dump of every database and all artifacts. An artifact that did not change is a hard link to
# that of the backup before, so it takes its room once.
set -euo pipefail
umask 077
backups=/var/lib/postgresql/data
artifacts=/data/artifacts

# PostgreSQL's own form, and in no environment: libpq reads it from a file that nobody else may read.
write_passwords() {
  export PGPASSFILE=/tmp/pgpass
  for database in $DATABASES; do
    printf '%s:*:%s:%s:%s\n' "$PGHOST" "$database" "$database" "$(</run/trackyard/"$database".password)"
  done >"$PGPASSFILE"
}

list() {
  find "$backups" -mindepth 1 -maxdepth 1 -type d -name '2*Z' -printf '%f\n' | sort
}

# Uploads under way are no artifacts yet.
artifact_files() {
  find . -name '.artifact.uploading.*' -prune -o -type f -print0
}

# What came while the copy was under way may be in it or not; what went may end the copy, so it is tried again.
copy_artifacts() {
  local target=$1
  cd "$artifacts"
  for _ in 1 2 3; do
    if artifact_files | xargs --null --no-run-if-empty \
      cp --archive --update --remove-destination --parents --target-directory="$target"; then return; fi
  done
  return 1
}

drop_deleted_artifacts() {
  local target=$1 path
  find "$target" -type f -printf '%P\0' | while IFS= read -r -d '' path; do
    [ -e "$artifacts/$path" ] || rm "$target/$path"
  done
}

make_backup() {
  local partial=$backups/partial previous name
  rm -rf "$partial"
  mkdir -p "$partial/artifacts"
  # Before the artifacts: then no row of a dump names a file that was not there yet.
  for database in $DATABASES; do
    pg_dump --format=custom --username="$database" --file="$partial/$database.dump" "$database"
  done
  (cd "$partial" && sha256sum -- *.dump >SHA256SUMS)
  if [ -d "$artifacts" ]; then
    previous=$(list | tail -n 1)
    [ -z "$previous" ] || cp --archive --link "$backups/$previous/artifacts/." "$partial/artifacts"
    copy_artifacts "$partial/artifacts"
    drop_deleted_artifacts "$partial/artifacts"
  fi
  sync
  name=$(date -u +%Y-%m-%dT%H%M%SZ)
  mv "$partial" "$backups/$name"
  list | head -n -"$BACKUP_KEEP" | while read -r old; do rm -rf "${backups:?}/$old"; done
  echo "backup $name: $(du -sh "$backups/$name" | cut -f 1)"
}

restore() {
  local backup=$backups/$1
  [ -d "$backup" ] || { echo "there is no backup $1; there are: $(list | tr '\n' ' ')" >&2; exit 1; }
  (cd "$backup" && sha256sum --check --quiet SHA256SUMS)
  mkdir -p "$artifacts"
  cp --archive "$backup/artifacts/." "$artifacts"
  for database in $DATABASES; do
    pg_restore --clean --if-exists --no-owner --single-transaction --username="$database" --dbname="$database" \
      "$backup/$database.dump"
  done
  echo "restored $1"
}

seconds_until_next() {
  local next now
  now=$(date -u +%s)
  next=$(date -u -d "today $BACKUP_TIME" +%s)
  [ "$next" -gt "$now" ] || next=$(date -u -d "tomorrow $BACKUP_TIME" +%s)
  echo $((next - now))
}

is_recent() {
  [ -n "$(find "$backups" -mindepth 1 -maxdepth 1 -type d -name '2*Z' -newermt '26 hours ago' -print -quit)" ]
}

schedule() {
  trap 'exit 0' TERM INT
  while true; do
    if is_recent; then
      # In the background: bash answers a signal only between its own commands.
      sleep "$(seconds_until_next)" &
      wait $!
    fi
    # As a program of its own: bash forgets `set -e` in what a condition calls.
    until bash "$0" now; do
      echo 'the backup failed; again in five minutes' >&2
      sleep 300 &
      wait $!
    done
  done
}

case "${1:-}" in
  schedule) schedule ;;
  now) write_passwords; make_backup ;;
  list) list ;;
  restore) write_passwords; restore "${2:?the name of a backup: see backup.sh list}" ;;
  health) is_recent ;;
  *) echo 'backup.sh schedule|now|list|restore NAME|health' >&2; exit 2 ;;
esac
