"""Take out of a Python environment what no tool reads at run time."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

KEPT = {"ansible"}
"""Packages with a folder called `test` that is part of the program."""


UNUSED = ("kubernetes/aio",)
"""The asynchronous twin of the Kubernetes client: 64 MB that kubernetes.core never imports."""


def main(environment: Path) -> None:
    """Trim every distribution of the environment, and say how many bytes went."""
    (site_packages,) = environment.glob("lib/python*/site-packages")
    gone = 0
    tests = [folder for name in ("test", "tests") for folder in site_packages.glob(f"*/{name}/")]
    for folder in [*(site_packages / name for name in UNUSED), *tests]:
        if folder.parent.name not in KEPT:
            gone += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            shutil.rmtree(folder)
    print(f"trimmed {gone:,} bytes from {environment}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
