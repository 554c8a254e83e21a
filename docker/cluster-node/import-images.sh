#!/bin/sh
# Puts an archive of images into containerd's store, which is left in /var/lib/containerd. The images stay packed:
# containerd unpacks one when its first container starts, and the store of a new node is a copy of this one.
set -eu

containerd --log-level error &
containerd=$!
tries=0
until ctr version >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { echo "containerd did not answer within 30 s" >&2; exit 1; }
    sleep 0.2
done
ctr --namespace=k8s.io images import --no-unpack "$1"
ctr --namespace=k8s.io images list --quiet
kill "$containerd"
wait "$containerd"
