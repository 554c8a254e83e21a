"""The digest of a Python tool is that of what its launcher runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fixtures.layers.storage import folder_layers
from fixtures.sbom.python_tools import PythonTools

VENV = "/opt/tools/python"
SITE = f"{VENV}/lib/python3.13/site-packages"
COMPILED = "httpie/__pycache__/main.cpython-313.pyc"
FILES = {
    f"{VENV}/bin/http": "#!python\nimport httpie\n",
    f"{SITE}/httpie/main.py": "import requests\n",
    f"{SITE}/httpie-3.dist-info/METADATA": "Name: httpie\nVersion: 3\nRequires-Dist: requests\n",
    f"{SITE}/httpie-3.dist-info/RECORD": f"../../../bin/http,,\nhttpie/main.py,,\n{COMPILED},,\n",
    f"{SITE}/{COMPILED}": "time",
    f"{SITE}/requests.py": "pass\n",
    f"{SITE}/requests-2.dist-info/METADATA": "Name: requests\nVersion: 2\n",
    f"{SITE}/requests-2.dist-info/RECORD": "requests.py,,\n",
    f"{SITE}/other.py": "pass\n",
    f"{SITE}/other-1.dist-info/METADATA": "Name: other\nVersion: 1\n",
    f"{SITE}/other-1.dist-info/RECORD": "other.py,,\n",
    "/collections/a": "one\n",
    "/collections-of-others/a": "one\n",
}


def digest(root: Path, *folders: str, **changed: str) -> str:
    """The digest of http, where some files' contents are others; a file is named by its last part, without suffix."""
    for path, content in FILES.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(changed.get(target.name.partition(".")[0], content), encoding="utf-8")
    entries = folder_layers([str(root)], ["sha256:0"])
    return PythonTools(entries, VENV).digest(f"{VENV}/bin/http", folders)


def test_module_of_the_tool_or_of_what_it_needs_changes_the_digest(tmp_path: Path) -> None:
    plain = digest(tmp_path)
    changes = [digest(tmp_path, **{name: "changed\n"}) for name in ("main", "requests", "http")]
    assert len({plain, *changes}) == 3 + 1


def test_other_distributions_and_byte_code_do_not_change_it(tmp_path: Path) -> None:
    plain = digest(tmp_path)
    assert digest(tmp_path, other="changed\n") == plain
    (tmp_path / f"{SITE}/{COMPILED}".lstrip("/")).write_text("another time", "utf-8")
    assert PythonTools(folder_layers([str(tmp_path)], ["sha256:0"]), VENV).digest(f"{VENV}/bin/http") == plain


def test_folders_count_and_their_namesakes_do_not(tmp_path: Path) -> None:
    assert digest(tmp_path, "/collections") != digest(tmp_path)
    assert digest(tmp_path, "/collections/") == digest(tmp_path, "/elsewhere/")


def test_digest_is_one_that_sha256sum_makes(tmp_path: Path) -> None:
    found = digest(tmp_path)
    mine = [f"{VENV}/bin/http", f"{SITE}/httpie/main.py", f"{SITE}/requests.py"]
    lines = "".join(f"{hashlib.sha256(FILES[path].encode()).hexdigest()}  {path}\n" for path in mine)
    assert found == hashlib.sha256(lines.encode()).hexdigest()


def test_file_of_no_distribution_has_no_digest(tmp_path: Path) -> None:
    digest(tmp_path)
    assert not PythonTools(folder_layers([str(tmp_path)], ["sha256:0"]), VENV).digest(f"{VENV}/bin/absent")
