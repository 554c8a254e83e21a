"""The table `[smoke]`, and what a mistake in it looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.smoke.settings import RIGHTS, SmokeSettings


def test_defaults_are_this_repository_s() -> None:
    found = SmokeSettings(None)
    assert (found.rights, found.smoke.days, found.smoke.without) == (RIGHTS, 14, ())


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "rights.yaml").touch()
    (tmp_path / "s.toml").write_text("[services.nats]\nhost = 'x'\n[smoke]\nrights = 'rights.yaml'\n", encoding="utf-8")
    assert SmokeSettings(tmp_path / "s.toml").rights == tmp_path / "rights.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[smoke]\nwithout = ['mlfow']", r"s.toml: smoke.without: .*'mlfow' is no service: known are argo"),
        ("[smoke]\npage = 'ide.example.com'", r"s.toml: smoke.page"),
        ("[smoke]\ndigest = 'latest'", r"s.toml: smoke.digest"),
        (f"[smoke]\ndigest = 'sha256:{'a' * 63}'", r"s.toml: smoke.digest"),
        (f"[smoke]\ndigest = 'sha256:{'a' * 65}'", r"s.toml: smoke.digest"),
        ("[smoke]\ndays = 0", r"s.toml: smoke.days"),
        ("[smoke]\nday = 3", r"s.toml: smoke.day"),
        ("[smoke]\nrights = 'none.yaml'", r"s.toml: smoke.rights: no file .*none.yaml: name one that is there"),
    ],
)
def test_mistake_names_the_entry(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        SmokeSettings(tmp_path / "s.toml")


def test_preset_goes_by_its_name_and_below_a_file(tmp_path: Path) -> None:
    assert SmokeSettings(Path("thinkube")).smoke.container == "code-server"
    (tmp_path / "s.toml").write_text(
        'preset = "thinkube"\n[smoke]\npage = "https://ide.example.com"\n', encoding="utf-8"
    )
    found = SmokeSettings(tmp_path / "s.toml").smoke
    assert (found.page, found.container) == ("https://ide.example.com", "code-server")


def test_unknown_preset_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('preset = "thinkub"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"s.toml: preset: 'thinkub' is none: name one of thinkube"):
        SmokeSettings(tmp_path / "s.toml")
    with pytest.raises(UsageError, match="give --settings an existing file, or one of thinkube"):
        SmokeSettings(Path("thinkub"))
