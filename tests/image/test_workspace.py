"""What developers do with the image: start scripts of their own, pip and npm, sudo behind a company's authority."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from typing import NamedTuple

import pytest

from fixtures.builder.root_files import locations
from fixtures.deployment.tools import succeeded
from fixtures.image.containers import Container, Containers
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.sources import PythonSource

START = """\
mkdir -p start/..data
printf '#!/bin/sh\\necho linked ran\\n' >start/..data/50-linked; chmod +x start/..data/50-linked
ln -s ..data/50-linked start/50-linked
printf '#!/bin/sh\\nexit 3\\n' >start/60-fails; chmod +x start/60-fails
echo 'echo never' >start/70-closed
printf '#!/bin/sh\\necho last ran\\n' >start/80-last; chmod +x start/80-last
"$ENTRYPOINTD"/run-start-scripts "$PWD/start"
"""
MODULES = {
    "jmespath": "jmespath",
    "jsonpatch": "jsonpatch",
    "kubernetes": "kubernetes",
    "lxml": "lxml",
    "mlflow-skinny": "mlflow",
    "nats-py": "nats",
    "psycopg2-binary": "psycopg2",
    "redis": "redis",
}
"""What scripts import, by the distribution that has it: those that the inventory names must be there."""
KEPT_UNDER_SUDO = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "SYSTEM_WGETRC", "https_proxy", "NO_PROXY")
SET_BY_SUDO = re.compile(
    r"SUDO_\w+|HOME|HOSTNAME|LANG|LANGUAGE|LC_\w+|LOGNAME|MAIL|PATH|PWD|SHELL|SHLVL|TERM|USER|_|XDG_\w+"
)
"""What sudo, its PAM modules and a shell set by themselves, see sudoers(5) and pam_env(8)."""
RUN_START_SCRIPTS = "rootfs/usr/local/libexec/entrypoint.d/run-start-scripts.j2"


def _of(requirement: str, *features: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.requirement(requirement), *([pytest.mark.feature(*features)] if features else [])]


COMMIT = "git -c user.name=a -c user.email=a@b.invalid commit --quiet --allow-empty --message=x"

PROBE = "/usr/share/conformance-probe"
APT_INSTALL = rf"""mkdir -p p/DEBIAN p{PROBE}; cd p/DEBIAN
    printf 'Package: conformance-probe\nVersion: 1.0\nArchitecture: all\nDepends: debconf\n' >control
    printf 'Maintainer: a <a@b.invalid>\nDescription: x\n' >>control
    printf 'Template: conformance-probe/answer\nType: string\nDefault: 42\nDescription: What?\n' >templates
    printf '#!/bin/sh\n. /usr/share/debconf/confmodule\ndb_get conformance-probe/answer\n' >postinst
    echo 'echo "$RET" >{PROBE}/answer' >>postinst
    printf '#!/bin/sh\nrm -f {PROBE}/answer\n[ "$1" = purge ] || exit 0\n' >postrm
    printf '. /usr/share/debconf/confmodule\ndb_purge\n' >>postrm
    chmod 0755 post*; cd ../..; dpkg-deb --root-owner-group --build p p.deb >/dev/null
    asked() {{ cat {PROBE}/answer; sudo -n dpkg --audit; sudo -n apt-get purge --yes conformance-probe >>log 2>&1; }}
    told() {{ grep -E -A1 '^(E|dpkg): ' log | head -n2; }}
    sudo -n apt-get install --yes ./p.deb >>log 2>&1 && asked || told; ls {PROBE} 2>/dev/null; echo end"""
"""Builds a package that asks debconf, installs it, prints the answer and what dpkg complains of, and purges it."""


class Everyday(NamedTuple):
    """A script, a pattern of what it prints, that in words, and the marks of its check."""

    script: str
    prints: str
    words: str
    marks: list[pytest.MarkDecorator]


EVERYDAY = {
    "git submodule": Everyday(
        f"""git init --quiet r && (cd r && {COMMIT}) && git init --quiet s && cd s
            git -c protocol.file.allow=always submodule --quiet add "$OLDPWD/r" r; git submodule status""",
        r"^.[0-9a-f]{40} r ",
        "the submodule's commit",
        _of("IMG-7", "git"),
    ),
    "git's settings": Everyday(
        r"""home=/etc/workspace/home; sudo -n mkdir -p $home
            printf '[user]\n name = Probe\n' | sudo -n tee $home/gitconfig
            git config user.name; sudo -n rm $home/gitconfig; sudo -n rmdir -p --ignore-fail-on-non-empty $home""",
        r"\nProbe\n$",
        "the name that a deployment has mounted",
        _of("IMG-7", "git", "sudo"),
    ),
    "git lfs": Everyday(
        "git init --quiet r; cd r; git lfs track '*.bin'; echo large >a.bin; git add .; git cat-file -p :a.bin",
        r"(?m)^version https://git-lfs\.github\.com/spec/",
        "a pointer in the place of a large file",
        _of("IMG-7", "git", "editor"),
    ),
    "python venv": Everyday(
        "python3 -m venv v && v/bin/pip --version", r"^pip [0-9]", "pip's version", _of("ENV-7", "python")
    ),
    "npx": Everyday(
        r"""mkdir -p node_modules/.bin; printf '#!/bin/sh\necho $(($1*7))\n' >node_modules/.bin/probe
            chmod 755 node_modules/.bin/probe; npx --offline probe 6""",
        r"^42\n",
        "42, which a package's own command prints",
        _of("IMG-7", "npm"),
    ),
    "man": Everyday(
        "man -w git && man -k printf",
        r"git\.1.*\n(.*\n)*printf",
        "git's page, and one that its index has for printf",
        _of("IMG-7", "git", "editor"),
    ),
    "vi": Everyday(
        "echo a >f; vi -es '+%s/a/b/' +wq f; cat f",
        r"^b\n",
        "a file with b in the place of a",
        [*_of("IMG-7"), pytest.mark.uses("vim")],
    ),
    "sudo with the tools": Everyday(
        "sudo --non-interactive sh -c 'command -v npm && command -v node && node -p 6*7'",
        r"\n42\n",
        "where npm and node are, and 42",
        _of("IMG-1", "sudo", "node", "npm"),
    ),
    "new files": Everyday(
        "for shell in 'bash -lc' 'bash -ic' 'bash -c' 'sh -lc'; do $shell umask 2>/dev/null; done | sort -u",
        r"^0?022\n0?022\n$|^0?022\n$",
        "0022 in each shell",
        _of("ENV-6", "environment"),
    ),
    "pip's settings": Everyday(
        "python3 -m pip config list; echo end", r"^end\n", "nothing but end", _of("IMG-8", "pip")
    ),
    "apt autoremove": Everyday(
        "apt-get --simulate autoremove", r" 0 to remove ", "that there is nothing to remove", _of("IMG-8")
    ),
    "apt install": Everyday(
        APT_INSTALL,
        r"^42\nend\n$",
        "42, debconf's answer, and that nothing is left",
        _of("IMG-8", "sudo"),
    ),
    "ssh's settings": Everyday(
        "ssh -F /dev/null -G h.example >own; ssh -G h.example | grep -vxFf own; echo end",
        r"^((hashknownhosts|gssapiauthentication) yes\n|sendenv [A-Z_*]+\n|gssapidelegatecredentials no\n)*end\n",
        "nothing beyond Debian's own settings",
        _of("IMG-8", "ssh"),
    ),
}
"""Commands that nobody thinks of, until one fails.

The base with the editor brings man and git-lfs.
"""


def _distributions(inventory: Inventory) -> list[str]:
    """Return the Python distributions of the tools."""
    sources = [tool.source for tool in inventory.tools]
    return [name for source in sources if isinstance(source, PythonSource) for name in source.distributions]


def wheel(name: str) -> bytes:
    """Return a wheel with one module, whose ANSWER is 42."""
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "ANSWER = 42\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return packed.getvalue()


# ---- start scripts


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("start-scripts")
def test_start_scripts_run_in_order_also_as_links(container: Container) -> None:
    done = container.run(START)
    said = [line for line in done.stdout.splitlines() if line.endswith("ran")]
    assert said == ["linked ran", "last ran"], (
        f"start scripts: of a linked one, one that fails and a last one ran {said} ({done.stderr.strip()[:200]}): "
        f"fix {RUN_START_SCRIPTS}"
    )


@pytest.mark.requirement("IMG-2", "DEP-13")
@pytest.mark.feature("start-scripts")
def test_start_script_that_fails_is_told(container: Container) -> None:
    told = container.run(START).stderr
    for name, how in {"60-fails": "failed with status 3", "70-closed": "failed: it is not executable"}.items():
        assert f"start/{name} {how}" in told, (
            f"start scripts: the log says {told.strip()[-200:]!r}, not that {name} {how}: fix {RUN_START_SCRIPTS}"
        )


# ---- PATH


@pytest.mark.requirement("ENV-4")
def test_image_s_own_path_has_every_location(image: Image, container: Container) -> None:
    seen = container.run("echo $PATH").stdout.strip().split(":")
    missing = [place for place in locations(image.inventory) if place not in seen]
    assert not missing, f"PATH: {', '.join(missing)} not in the image's PATH {seen}: set it with ENV in Dockerfile.j2"


# ---- pip and npm


@pytest.mark.requirement("ENV-4")
@pytest.mark.feature("python")
@pytest.mark.parametrize("python", ["python3", "python"])
def test_python_has_the_distributions_of_the_inventory(python: str, inventory: Inventory, container: Container) -> None:
    named = {*inventory.image.distributions, *_distributions(inventory)}
    modules = ", ".join(["json", *(module for name, module in MODULES.items() if name in named)])
    done = container.run(f"{python} -c 'import {modules}; print(\"imported\")'")
    assert done.stdout == "imported\n", (
        f"{python}: cannot import all of {modules} ({done.stderr.strip()[-200:]}): add what it lacks to "
        "python/requirements.in, or let rootfs/usr/local/bin/python3 run the tools' Python"
    )


@pytest.mark.requirement("ENV-7")
@pytest.mark.feature("pip")
@pytest.mark.parametrize("pip", ["pip", "pip3", "python3 -m pip"])
def test_what_pip_installs_is_found_by_python(pip: str, image: Image, containers: Containers) -> None:
    packed = base64.b64encode(wheel("conformance_probe")).decode()
    done = containers("empty-home").run(
        f"echo {packed} | base64 -d >conformance_probe-1.0-py3-none-any.whl && "
        f"{pip} install --quiet --no-index --no-warn-script-location ./*.whl >log 2>&1 && cd / && "
        "for p in python3 python; do $p -c 'import conformance_probe as p; print(p.ANSWER, p.__file__)'; done; "
        f'cat "$OLDPWD/log"; {pip} uninstall --quiet --yes conformance_probe'
    )
    seen = [line.split()[0] for line in done.stdout.splitlines() if f"{image.inventory.image.home}/.local/" in line]
    assert seen == ["42", "42"], (
        f"{pip}: what it installed is not found in home by python3 and python ({(done.stdout + done.stderr)[-300:]}): "
        "let all three be the Python of /opt/tools/python, with the user's own site"
    )


@pytest.mark.requirement("ENV-7")
@pytest.mark.feature("npm")
def test_what_npm_installs_globally_is_a_command_of_home(image: Image, containers: Containers) -> None:
    package = '{"name":"conformance-probe","version":"1.0.0","bin":"probe.js"}'
    program = "#!/usr/bin/env node\\nconsole.log(6*7)\\n"
    done = containers("empty-home").run(
        f"mkdir p && echo '{package}' >p/package.json && printf '{program}' >p/probe.js && "
        "npm pack --silent ./p >/dev/null && npm install --global --offline --silent ./conformance-probe-1.0.0.tgz; "
        "conformance-probe; command -v conformance-probe; npm uninstall --global --silent conformance-probe"
    )
    assert done.stdout.split()[:2] == ["42", f"{image.inventory.image.home}/.local/bin/conformance-probe"], (
        f"npm: a global install gives {(done.stdout + done.stderr).strip()[-300:]!r}, no command in ~/.local/bin: "
        "set npm's prefix in Dockerfile.j2, and PATH in fixtures/builder/dockerfile.py"
    )


# ---- sudo


@pytest.mark.requirement("ENV-5")
@pytest.mark.feature("sudo")
@pytest.mark.parametrize("kept", KEPT_UNDER_SUDO)
def test_sudo_keeps_authorities_and_proxy(kept: str, container: Container) -> None:
    done = container.run(f"{kept}=mine sudo --non-interactive printenv {kept}")
    seen = succeeded(done, "sudo", f"drops {kept}", repair="add it to rootfs/etc/sudoers.d/thinkube").strip()
    assert seen == "mine", f"sudo: {kept}=mine became {seen!r}: add it to rootfs/etc/sudoers.d/thinkube"


@pytest.mark.requirement("IMG-8")
@pytest.mark.feature("sudo")
@pytest.mark.parametrize("login", ["", "-i"], ids=["command", "login"])
def test_sudo_sets_no_variable_of_its_own(login: str, image: Image, container: Container) -> None:
    done = container.run(f"env -i PATH=$PATH sudo --non-interactive {login} env")
    lines = succeeded(done, "sudo", "starts no program", repair="keep root's shell and sudoers as the base has them")
    names = {line.partition("=")[0] for line in lines.splitlines()} - image.inventory.image.environment.variables.keys()
    more = sorted(name for name in names if not SET_BY_SUDO.fullmatch(name))
    assert not more, (
        f"sudo {login}: gives every program of root {', '.join(more)}: take that out of /etc/default/locale, "
        "/etc/environment, /etc/security and sudoers.d, or of root's start files"
    )


# ---- every day


@pytest.mark.parametrize("what", [pytest.param(name, marks=one.marks) for name, one in EVERYDAY.items()])
def test_everyday_command_works(what: str, containers: Containers) -> None:
    script, prints, words, _ = EVERYDAY[what]
    done = containers("empty-home").run(script, seconds=60)
    said = (done.stdout + done.stderr).strip()
    assert re.search(prints, done.stdout), (
        f"{what}: `{script.splitlines()[-1].strip()[:60]}` says {said[-200:]!r}, not {words}: let no step of the "
        "build take away what its package brought, or set what it reads"
    )


# ---- time zones


@pytest.mark.requirement("IMG-7")
@pytest.mark.parametrize(("zone", "names"), [("US/Eastern", ("EST", "EDT")), ("Asia/Calcutta", ("IST",))])
def test_old_name_of_a_time_zone_is_known(zone: str, names: tuple[str, ...], container: Container) -> None:
    seen = container.run(f"TZ={zone} date +%Z").stdout.strip()
    assert seen in names, f"time zones: {zone} is {seen!r}, none of {names}: install tzdata-legacy"
