#!/bin/sh
# Brings dpkg's record of a package up to date with what is left of its files after they were trimmed, so that
# `dpkg --verify` tells what is lost or changed from here on. Nothing happens where the package is not installed.
# Usage: record-trimmed.sh PACKAGE [ROOT], the running system by default.
set -eu

root=${2:-}
record=$root/var/lib/dpkg/info/$1
new=$(mktemp)

[ -f "$record.list" ] || exit 0
while read -r path; do
    if [ -e "$root$path" ] || [ -L "$root$path" ]; then
        echo "$path"
    fi
done <"$record.list" >"$new"
cat "$new" >"$record.list"
if [ -f "$record.md5sums" ]; then
    cut -c 35- "$record.md5sums" | while read -r path; do
        [ ! -f "$root/$path" ] || printf '%s\0' "$path"
    done | (cd "$root/" && xargs --null --no-run-if-empty md5sum) >"$new"
    cat "$new" >"$record.md5sums"
fi
rm "$new"
