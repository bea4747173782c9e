#!/usr/bin/env bash
# Fetches MySQL, which Debian has in its unstable suite alone, with the libraries it needs into .cache/mysql: from the
# mirror this machine has its own packages from, and without installing anything.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD/.cache/mysql
[ -e "$root/complete" ] && exit 0
rm -rf "$root"
mkdir -p "$root"/{lists/partial,archives/partial,root}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
echo "deb $mirror sid main" >"$root/sources.list"
: >"$root/status"
options=(
  -o Dir::State="$root" -o Dir::State::Lists="$root/lists" -o Dir::State::status="$root/status"
  -o Dir::Cache="$root" -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Acquire::Languages=none -o APT::Sandbox::User=root
)
apt-get "${options[@]}" update -qq
apt-get "${options[@]}" install -y -qq --no-install-recommends --download-only mysql-server-core >/dev/null
for package in "$root"/archives/*.deb; do
  case $package in *perl*) ;; *) dpkg-deb --extract "$package" "$root/root" ;; esac
done
rm -rf "$root"/{lists,archives,*.bin}
touch "$root/complete"
