#!/bin/sh
# Does what upstream's entry point does: the user's id, the user's name, the scripts of ENTRYPOINTD, code-server.
set -eu

# What it prints are variables to set.
eval "$(fixuid -q)"

if [ "${DOCKER_USER-}" ]; then
    USER=$DOCKER_USER
    if ! id -u "$DOCKER_USER" >/dev/null 2>&1; then
        echo "$DOCKER_USER ALL=(ALL) NOPASSWD:ALL" | sudo tee -a /etc/sudoers.d/nopasswd >/dev/null
        sudo usermod --login "$DOCKER_USER" coder
        sudo groupmod --new-name "$DOCKER_USER" coder
        sudo sed -i '/coder/d' /etc/sudoers.d/nopasswd
    fi
fi

if [ -d "$ENTRYPOINTD" ]; then
    find "$ENTRYPOINTD" -type f -executable -print -exec {} \;
fi

exec dumb-init /usr/bin/code-server "$@"
