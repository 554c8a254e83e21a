"""Who may reach a port of a container, by the words that start it."""

from __future__ import annotations

from collections.abc import Sequence

EVERYWHERE = "0.0.0.0"  # noqa: S104  # what an engine takes where nobody names an address


def addresses(words: Sequence[str]) -> list[str]:
    """Return the addresses at which `podman run` publishes ports: `--publish=[[ADDRESS:][PORT]:]PORT`."""
    given = [word.partition("=")[2] for word in words if word.startswith("--publish=")]
    return [one.rsplit(":", 2)[0] if one.count(":") > 1 else EVERYWHERE for one in given]
