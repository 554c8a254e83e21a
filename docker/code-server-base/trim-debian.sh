#!/bin/sh
# Removes from a Debian what its running does not read: documentation but for copyright files and the English manual
# pages, other languages, and what package tools leave behind. It prints the bytes that it gave back.
# The documentation is that of dpkg-excludes.cfg, for packages that were unpacked before those rules were in force.
# Usage: trim-debian.sh [ROOT], the running system by default.
set -eu

root=${1:-}

used() {
    du --summarize --bytes --total "$root/run" "$root/usr" "$root/var" | tail -n 1 | cut -f 1
}

# in_folder FOLDER EXPRESSION...: find, in a folder that some bases have not
in_folder() {
    folder=$root$1
    shift
    [ ! -d "$folder" ] || find "$folder" "$@"
}

before=$(used)
in_folder /usr/share/doc -type f -not -name copyright -delete
in_folder /usr/share/doc -xtype l -delete
for place in /usr/share/man /var/cache/man; do
    in_folder "$place" -mindepth 1 -maxdepth 1 -type d -not -name 'man[0-9]*' -not -name 'cat[0-9]*' -exec rm -r {} +
done
in_folder /usr/share/locale -mindepth 1 -maxdepth 1 -not -name 'en*' -not -name locale.alias -exec rm -r {} +
rm -rf "$root/usr/share/bug" "$root/usr/share/doc-base" "$root/usr/share/info" "$root/usr/share/lintian"
for place in /var/log /var/cache/apt /var/cache/ldconfig /var/lib/apt/lists; do
    in_folder "$place" -type f -delete
done
rm -rf "$root/run/adduser" "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
printf 'trimmed %10d bytes: Debian\n' $((before - $(used)))
