#!/bin/sh
# The container's start: what the operator asked for first, then code-server under dumb-init.
#   DOCKER_USER   name to give to the user coder; the home directory keeps its place, because it is often a mount
#   ENTRYPOINTD   folder of executable files to run before code-server; one that fails is reported and does not
#                 keep the editor from starting
set -eu

if [ -n "${DOCKER_USER:-}" ]; then
    if ! getent passwd "$DOCKER_USER" > /dev/null; then
        # All in one sudo: once the old name is gone, nobody may use sudo until the new name is written down.
        sudo sh -euc '
            usermod --login "$1" coder
            groupmod --new-name "$1" coder
            echo "$1 ALL=(ALL) NOPASSWD:ALL" > /etc/sudoers.d/nopasswd
        ' sh "$DOCKER_USER"
    fi
    export USER="$DOCKER_USER"
fi

scripts="${ENTRYPOINTD:-${HOME:-/home/coder}/entrypoint.d}"
if [ -d "$scripts" ]; then
    find "$scripts" -type f -executable -print | sort | while read -r script; do
        echo "entrypoint: $script"
        "$script" < /dev/null || echo "entrypoint: $script ended with status $?" >&2
    done
fi

exec dumb-init /usr/bin/code-server "$@"
