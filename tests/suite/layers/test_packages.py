"""Which files belong to a Debian package: those that its list names and its checksums or settings have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.layers.packages import debian_packages
from tests.suite.layers.test_planted import entry

INFO = "/var/lib/dpkg/info/jq"
FILES = {
    "/var/lib/dpkg/status": "Package: jq\nStatus: install ok installed\n",
    f"{INFO}.list": "/.\n/bin\n/bin/jq\n/usr/share/a b\n/etc/jq.conf\n/etc/jq.old\n/etc/more\n/bin/q\n/gone\n/opt\n",
    f"{INFO}.md5sums": "0a  bin/jq\n0a  usr/share/a b\n",
    f"{INFO}.conffiles": "/etc/jq.conf\nremove-on-upgrade /etc/jq.old\n",
    **dict.fromkeys(("/usr/bin/jq", "/usr/share/a b", "/etc/jq.conf", "/etc/jq.old", "/etc/more"), "x"),
}


def owned(gone: str = "", layer: int = 0) -> set[str]:
    """Return what is jq's, in an image without one file, whose link /usr/bin/q is of a layer."""
    image = [entry(path, text) for path, text in FILES.items() if path != gone]
    image += [entry("/bin", kind="symlink", link="usr/bin"), entry("/opt", kind="dir")]
    link = replace(entry("/usr/bin/q", kind="symlink", link="jq"), layer_index=layer)
    owners = debian_packages({one.path: one for one in [*image, link]}).owners
    return {path for path, names in owners.items() if names == {"jq"} and not path.startswith("/var")}


RECORDED = {"/usr/bin/jq", "/usr/share/a b", "/etc/jq.conf", "/etc/jq.old"}
NO_FILES = {"/.", "/bin", "/gone", "/opt"}


def test_files_with_a_checksum_and_settings_are_the_package_s() -> None:
    assert owned() == {*RECORDED, *NO_FILES, "/usr/bin/q"}


@pytest.mark.parametrize(("layer", "its"), [(0, True), (1, False)])
def test_link_of_a_later_layer_is_not_the_package_s(layer: int, its: bool) -> None:  # noqa: FBT001
    assert ("/usr/bin/q" in owned(layer=layer)) == its


def test_package_without_checksums_has_what_it_lists() -> None:
    assert owned(gone=f"{INFO}.md5sums", layer=1) >= {"/etc/more", "/usr/bin/q", "/usr/share/a b"}


def test_package_without_settings_has_those_with_a_checksum() -> None:
    assert owned(gone=f"{INFO}.conffiles") & RECORDED == {"/usr/bin/jq", "/usr/share/a b"}
