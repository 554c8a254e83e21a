"""A container engine, a kind and a kubectl that keep what they have and are asked for as files."""

from __future__ import annotations

from pathlib import Path

PODMAN = """#!/bin/sh
# Keeps networks, containers and volumes as files in $FAKE; hangs at a command on a node where it has the file `silent`.
echo "$(basename "$0") $*" >>"$FAKE/calls"
case "$1 $2" in
    "network create") name=$5; echo "${3#*=}" >"$FAKE/network.$name"; echo "${4##*=}" >"$FAKE/checkout" ;;
    "network inspect") echo "[{\\"labels\\": {\\"conformance.checkout\\": \\"$(cat "$FAKE/checkout")\\"}}]" ;;
    "network ls")
        for file in "$FAKE"/network.*; do
            [ -e "$file" ] || continue
            case "$3" in
                --filter=label=*) [ "--filter=label=$(cat "$file")" = "$3" ] || continue ;;
            esac
            echo "${file##*/network.}"
        done ;;
    "network rm") rm "$FAKE/network.$3" ;;
    "ps --all")
        # kind labels its nodes; the registry is in the network alone.
        case "$3" in --filter=label=*) hidden=registry ;; *) hidden=^$ ;; esac
        ls "$FAKE" | sed -n "/${hidden}/d; s/^container[.]//p" ;;
    "volume ls") ls "$FAKE" | sed -n "s/^\\(volume[.]${4##*=}\\)$/\\1/p" ;;
    "exec --interactive") shift 3; exec "$@" ;;
    "exec "*) [ ! -e "$FAKE/silent" ] || exec sleep 60; [ -e "$FAKE/alive" ] ;;
    "volume rm") rm "$FAKE/$4" ;;
    "rm --force") shift 3; for name; do rm "$FAKE/container.$name"; done ;;
esac
"""
KIND = """#!/bin/sh
# Fails after its first step, or hangs there where $FAKE has the file `hang`.
touch "$FAKE/container.t-control-plane" "$FAKE/volume.t-control-plane"
echo " • Starting control-plane 🕹️  ..." >&2
[ ! -e "$FAKE/hang" ] || exec sleep 60
echo "ERROR: failed to init node with kubeadm" >&2
exit 1
"""
KUBECTL = """#!/bin/sh
# Keeps its command lines and its input; fails with the text of $FAKE/refusal, else prints $FAKE/answer, else its input.
printf '[%s]' "$@" >>"$FAKE/kubectl"
echo >>"$FAKE/kubectl"
echo "KUBECONFIG=$KUBECONFIG KUBECTL_KUBERC=$KUBECTL_KUBERC" >"$FAKE/environment"
case "$*" in *--filename=-*) cat >"$FAKE/manifest"; exit ;; esac
if [ -e "$FAKE/refusal" ]; then cat "$FAKE/refusal" >&2; exit 1; fi
if [ -e "$FAKE/answer" ]; then cat "$FAKE/answer"; else sed 1d "$FAKE/manifest"; fi
"""


def asked(machine: Path) -> list[str]:
    """The command lines of kubectl, each argument in brackets."""
    return (machine / "kubectl").read_text(encoding="utf-8").splitlines()


def left(machine: Path) -> list[str]:
    """What the engine still has."""
    return sorted(path.name for path in machine.iterdir() if "." in path.name)


def calls(machine: Path) -> str:
    """What the engine was asked, a line each."""
    return (machine / "calls").read_text(encoding="utf-8")
