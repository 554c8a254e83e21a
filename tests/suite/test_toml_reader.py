"""A TOML file is read into a model; what is wrong with the file, or in it, is one line with the fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from fixtures import toml_reader
from fixtures.errors import UsageError


class Settings(BaseModel):
    port: int = 80


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def refused(file: Path, *, show_values: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        toml_reader.read(Settings, file, missing="give an existing file", show_values=show_values)
    assert str(file.parent) not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_file_is_read_into_its_model(file: Path) -> None:
    file.write_text("port = 8080\n", encoding="utf-8")
    assert toml_reader.read(Settings, file, missing="").port == 8080


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"port = \n", "not TOML: Invalid value (at line 1, column 8): correct that line", id="toml"),
        pytest.param(b"port = 1\nport = 2\n", "not TOML: Cannot overwrite a value (at line 2", id="twice"),
        pytest.param(b"# \xff\n", "not UTF-8 (byte 2): save it as UTF-8", id="encoding"),
        pytest.param(b'port = "x"\n', "port: must be a whole number", id="model"),
    ],
)
def test_wrong_content_is_one_line(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    assert refused(file).startswith(f"settings.toml: {said}")


def test_missing_file_gets_the_repair_of_its_caller(file: Path) -> None:
    assert refused(file) == "settings.toml: cannot be read (No such file or directory): give an existing file"


def test_value_is_shown_only_where_that_is_asked_for(file: Path) -> None:
    file.write_text('port = "hunter2"\n', encoding="utf-8")
    assert refused(file).endswith("must be a whole number")
    assert refused(file, show_values=True).endswith("must be a whole number, not 'hunter2'")
