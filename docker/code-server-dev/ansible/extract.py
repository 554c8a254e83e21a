"""Take the named collections out of the `ansible` wheel, in the layout of a collections path."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(wheels: Path, destination: Path, collections: list[str]) -> None:
    """Unpack `namespace.name` collections below DESTINATION/ansible_collections.

    Their own tests stay out. RELEASE holds the version of the `ansible` distribution.
    Exits with a message where the wheel lacks one of them.
    """
    (wheel,) = wheels.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for collection in collections:
            prefix = f"ansible_collections/{collection.replace('.', '/')}/"
            members = [name for name in names if name.startswith(prefix) and not name.startswith(f"{prefix}tests/")]
            if not members:
                sys.exit(f"{wheel.name} has no collection {collection}: take it out of tools.toml, or change the lock")
            archive.extractall(destination, members)
    (destination / "RELEASE").write_text(wheel.name.split("-")[1] + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
