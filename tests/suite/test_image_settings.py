"""A mistake in `[image]` is one line with the field and what it must be; what is derived follows the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from fixtures.errors import UsageError
from fixtures.image_settings import ImageSettings
from fixtures.inventory import Inventory, load
from fixtures.paths import ROOT
from tests.suite.small_inventory import SMALL

EXAMPLE = ROOT / "docker" / "examples" / "three-tools" / "tools.toml"
ENTRIES = '[[tools]]\nname = "jq"'


def changed(folder: Path, old: str, new: str) -> Inventory:
    """Load the example with one piece of text replaced."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in the example any more: choose another place to break"
    path = folder / "tools.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"sudo", "zsh"', '"sudoo"', r"image\.without number 1, features: unknown feature .sudoo., did you mean"),
        ('"sudo", "zsh"', '"sudo", "sudo"', r"image: without names 'sudo' twice: remove one$"),
        ("uid = 2001", 'uid = "2001"', r"image\.uid: must be a whole number, not '2001'$"),
        ("uid = 2001", "uid = 12345", r"image: uid 12345 is that of the profile other-uid: give another one$"),
        ('home = "/work/dev"', 'home = "work/dev"', r"image\.home: must be an absolute path .*, not 'work/dev'$"),
        ('home = "/work/dev"', 'home = "/work/dev/"', r"image\.home: .* without a slash at its end, not '/work/dev/'$"),
        ('user = "dev"', 'user = "De v"', r"image\.user: must be small letters, .*, not 'De v'$"),
        ('locale = "C.UTF-8"', 'locale = "C"', r"image\.locale: must be one of UTF-8, such as C\.UTF-8, not 'C'$"),
        ('"editor", ', "", r"image: an editor needs an init, .*: name one$"),
        (ENTRIES, '[image.environment.aliases]\nk = "it\'s"\n' + ENTRIES, r"aliases\.k: must be one line without '"),
        (ENTRIES, '[image.environment.variables]\nA = "$(id)"\n' + ENTRIES, r"variables\.A: must be text without"),
        (
            ENTRIES,
            '[[not_applicable]]\nrequirements = ["DEP-1"]\nreason = "there is no cluster"\n' + ENTRIES,
            r"not_applicable number 1, requirement number 1: must be one of BLD, IMG and ENV",
        ),
    ],
    ids=[
        "feature", "twice", "number", "other uid", "relative", "slash", "user", "locale", "init", "alias",
        "value", "row",
    ],
)  # fmt: skip
def test_mistake_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        changed(tmp_path, old, new)
    assert re.search(message, str(caught.value)), caught.value
    assert "\n" not in str(caught.value)


def test_what_nothing_asks_for_is_not_there() -> None:
    absent = load(EXAMPLE).absent_features
    assert {"aliases", "ansible", "compiled-tools", "containers", "npm", "pip", "python", "variables"} <= absent.keys()
    assert not {"compiled-tools", "containers", "pip", "python"} & load(SMALL).absent_features.keys()


def test_part_that_needs_another_goes_with_it() -> None:
    settings = load(EXAMPLE).image
    assert settings.left_out["npm"] == settings.left_out["node"]


def test_image_without_an_editor_has_no_entry_point_by_itself(tmp_path: Path) -> None:
    assert load(EXAMPLE).image.command == ()
    given = changed(tmp_path, 'init = ""', 'init = ""\nentrypoint = ["/bin/serve", "{port}"]\nport = 81')
    assert given.image.command == ("/bin/serve", "81")


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("uid", (1, 59999), (0, 60000)),
        ("gid", (1, 59999), (0, 60000)),
        ("port", (1, 65535), (0, 65536)),
        ("size_limit", (1,), (0,)),
    ],
)
def test_number_is_in_its_range(field: str, right: tuple[int, ...], wrong: tuple[int, ...]) -> None:
    settings = load(EXAMPLE).image.model_dump(exclude_unset=True)
    assert [getattr(ImageSettings(**settings | {field: one}), field) for one in right] == [*right]
    for one in wrong:
        with pytest.raises(ValidationError, match=rf"{field}\n"):
            ImageSettings(**settings | {field: one})


def test_group_is_called_like_the_user_unless_it_is_named() -> None:
    settings = load(EXAMPLE).image
    assert settings.group_name == "devs"
    assert settings.model_copy(update={"group": ""}).group_name == "dev"


def test_defaults_are_the_product_s() -> None:
    found = ImageSettings(repository="r", title="t", source="s", base="b", size_limit=1)
    assert (found.user, found.uid, found.gid, found.port, found.node_major) == ("coder", 1000, 1000, 8080, 20)
    assert (found.home, found.locale, found.init) == ("/home/coder", "en_US.UTF-8", "dumb-init")


@pytest.mark.parametrize(
    ("own", "ranges"),
    [(1000, ["1:999", "1001:64535"]), (1, ["2:65534"]), (65535, ["1:65534"])],
    ids=["usual", "first", "last"],
)
def test_subordinate_ids_are_all_but_root_s_and_the_user_s_own(own: int, ranges: list[str]) -> None:
    found = load().image.model_copy(update={"uid": own, "gid": own}).subordinate_ids
    assert found == {"uid": ranges, "gid": ranges}
