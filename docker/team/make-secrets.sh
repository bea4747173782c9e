#!/bin/sh
# Fills a folder with the secrets of the team tier, a file each. Those that are there stay as they are.
#   make-secrets.sh FOLDER
set -eu
folder=${1:?name a folder}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
for name in mlflow.password mlflow_login.password admin.password; do
  [ -s "$folder/$name" ] && continue
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/.$name"
  # The users of the containers are nobody here. On this machine the folder keeps everybody else out.
  chmod 444 "$folder/.$name"
  mv "$folder/.$name" "$folder/$name"
done
