"""The image as a whole: its user, its editor, its labels, its runtime basics (IMG-1, 2, 6, 7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from shlex import quote

import pytest

from fixtures.advice import last_line
from fixtures.builder.brought import EDITOR
from fixtures.builder.dockerfile import image_environment
from fixtures.builder.manifest import Manifest
from fixtures.builder.product import INPUTS_LABEL
from fixtures.deployment.tools import succeeded
from fixtures.host.podman import image_exists, inspect
from fixtures.image.containers import Container, Containers
from fixtures.image.image import OMITTED_LABEL, Image
from fixtures.inventory import Inventory
from fixtures.marks import PROJECT
from fixtures.patience import patient
from fixtures.verdict.evidence import blocked

RESOLVE = """node -e '
const fs = require("fs"), from = require("module").createRequire(process.cwd() + "/package.json");
const named = Object.keys(require(process.cwd() + "/package.json").dependencies);
const gone = named.filter(n => !/windows/.test(n) && !fs.existsSync("node_modules/" + n + "/package.json"));
for (const name of ["node-pty", "@vscode/spdlog", "@parcel/watcher", "@vscode/fs-copyfile"])
  try { from(name) } catch (error) { gone.push(name + ", or what it loads, " + error.message.split("\\n")[0] + ",") }
if (gone.length) { console.error("module " + gone[0] + " is gone"); process.exit(1) }'"""
EXTENSIONS = """node -e '
const fs = require("fs"), need = process.argv.slice(1), gone = need.filter(n => !fs.existsSync("extensions/" + n));
for (const name of fs.readdirSync("extensions")) {
  const file = "extensions/" + name + "/package.json";
  if (!fs.existsSync(file)) continue;
  const main = JSON.parse(fs.readFileSync(file)).main;
  const at = main && "extensions/" + name + "/" + main;
  if (at && !fs.existsSync(at) && !fs.existsSync(at + ".js") && !fs.existsSync(at + "/index.js")) gone.push(name);
}
if (gone.length) { console.error("extension " + gone[0] + " is gone, or its program"); process.exit(1) }' \
    git git-base github json-language-features markdown-language-features search-result terminal-suggest \
    theme-defaults typescript-language-features yaml"""
EDITOR_PARTS = {
    "programs for search": 'found=$(find . -name rg -type f) && [ -n "$found" ] && for rg in $found; do $rg --version '
    ">/dev/null || { echo ripgrep, $rg, does not run; exit 1; }; done",
    "native and other modules": RESOLVE,
    "built-in extensions": EXTENSIONS,
    "processes for extensions, files and terminals": "for name in api/node/extensionHostProcess.js; do "
    "node --check out/vs/workbench/$name || exit 1; done; for name in server-main server-cli; do "
    "node --check out/$name.js || exit 1; done; ls out/vs/platform/terminal/node/ptyHostMain.js "
    "out/vs/platform/files/node/watcher/watcherMain.js",
}
"""What each part of the editor is checked by, in the folder of VS Code; its page alone does not need them."""
FEATURE_OF = {"git": "git", "node": "node", "npm": "npm", "npx": "npm"}
LABELS = {
    "title": r"\S.*",
    "created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "version": r"\d+(\.\d+)+\S*",
    "revision": r"[0-9a-f]{40}([0-9a-f]{24})?(-dirty)?",
    "source": r"https?://[^/\s]+/\S+",
    "base.name": r"[^/\s]+(/[^/\s]+)+",
    "base.digest": r"sha256:[0-9a-f]{64}",
}
"""What the value of each OCI label looks like (image-spec, annotations.md); `created` is a time of RFC 3339."""

BY_RUNTIME = re.compile(r"HOME|HOSTNAME|TERM|PWD|OLDPWD|SHLVL|_|container|(?i:\w+_proxy)")
"""Variables that podman and a shell set by themselves."""
OWN_LABELS = ("conformance.base", "conformance.base.image", "conformance.debian", INPUTS_LABEL, OMITTED_LABEL,
              "io.buildah.version")  # fmt: skip
"""Labels that this suite's build sets, and podman itself."""


@pytest.mark.requirement("IMG-1")
def test_runs_as_the_user_of_the_inventory(image: Image, container: Container) -> None:
    settings = image.inventory.image
    expected = f"{settings.user} {settings.uid} {settings.group_name} {settings.gid} {settings.home}"
    seen = container.run('echo "$(id -un) $(id -u) $(id -gn) $(id -g) $HOME"').stdout.strip()
    assert seen == expected, (
        f"user: {seen!r} instead of {expected!r}: give {settings.user} that UID in the base, "
        "and end Dockerfile.j2 with USER"
    )
    user = container.host.user(settings.user)
    assert user.home == settings.home, (
        f"user: /etc/passwd has the home {user.home}, not {settings.home}: set it by usermod in Dockerfile.j2"
    )


@pytest.mark.requirement("IMG-1")
def test_user_is_named_by_its_number(image: Image) -> None:
    """Where a pod has to run as another user than root, Kubernetes refuses an image whose user is a name."""
    seen = (image.document["Config"].get("User") or "").partition(":")[0]
    expected = str(image.inventory.image.uid)
    assert seen == expected, f"user: the image's is {seen!r}, not {expected!r}: end Dockerfile.j2 with that USER"


@pytest.mark.requirement("IMG-1")
@pytest.mark.feature("sudo")
def test_sudo_needs_no_password(container: Container) -> None:
    done = container.run("sudo --non-interactive id -u")
    assert done.stdout.strip() == "0", (
        f"sudo: asks for a password ({done.stderr.strip()!r}): leave the base's /etc/sudoers.d/nopasswd in place"
    )


@pytest.mark.requirement("IMG-1")
def test_home_belongs_to_the_user(image: Image, container: Container) -> None:
    home = container.host.file(image.inventory.image.home)
    seen, expected = (home.uid, home.gid), (image.inventory.image.uid, image.inventory.image.gid)
    assert seen == expected, f"home: {home.path} belongs to {seen}, not {expected}: chown it in Dockerfile.j2"


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("editor")
@pytest.mark.parametrize("profile", ["default", "empty-home", "no-network"])
def test_code_server_serves_its_page(profile: str, image: Image, containers: Containers) -> None:
    settings, port = image.inventory.image, image.inventory.image.port
    done = containers(profile).run(
        f"""{settings.start} >log 2>&1 &
        server=$!
        curl --silent --show-error --fail --retry-connrefused --retry-delay 1 \\
            --retry {patient(60):.0f} --retry-max-time {patient(60):.0f} \\
            http://127.0.0.1:{port}{settings.ready_path} >>log &&
            curl --silent --show-error --location http://127.0.0.1:{port}/ >page
        kill $server; wait $server
        grep --fixed-strings --only-matching {quote(settings.page_mark)} page || cat log""",
        seconds=90,
    )
    assert settings.page_mark in done.stdout, (
        f"code-server ({profile}): no workbench on port {port}: its log below says why, and needs another base or "
        f"Dockerfile.j2\n{done.stdout.strip()[-2000:]}"
    )


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("editor", "node")
@pytest.mark.parametrize("part", EDITOR_PARTS)
def test_editor_has_its_other_half(part: str, container: Container) -> None:
    done = container.run(f"cd {EDITOR}/lib/vscode && {EDITOR_PARTS[part]}")
    assert done.rc == 0, (
        f"editor: {part} are not whole ({last_line(done.stdout + done.stderr)}): its page opens, and this does not "
        "work: build on another base, or trim less in trim-code-server.sh"
    )


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("editor")
def test_entrypoint_serves_on_the_port(image: Image) -> None:
    config, port = image.document["Config"], image.inventory.image.port
    seen = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    expected = [*image.inventory.image.command]
    assert seen == expected, (
        f"entrypoint: {seen} instead of {expected}: leave the base's ENTRYPOINT as it is, or change entrypoint in "
        "tools.toml"
    )
    exposed = sorted(config.get("ExposedPorts") or {})
    assert exposed == [f"{port}/tcp"], f"port: {exposed} are exposed, not {port} alone: EXPOSE that in Dockerfile.j2"


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("editor")
def test_starts_in_home_and_stops_as_any_other(image: Image) -> None:
    config, home = image.document["Config"], image.inventory.image.home
    seen = config.get("WorkingDir"), config.get("StopSignal") or "SIGTERM", sorted(config.get("Volumes") or {})
    assert seen == (home, "SIGTERM", []), (
        f"start: folder, stop signal and volumes are {seen}, not {home}, SIGTERM and none: take WORKDIR, STOPSIGNAL "
        "and VOLUME out of the build"
    )
    more = {name: config[name] for name in ("Healthcheck", "OnBuild", "Shell") if config.get(name)}
    more |= {"Healthcheck": image.document["HealthCheck"]} if image.document.get("HealthCheck") else {}
    assert not more, f"start: the image has {more}, which a cluster ignores and podman runs: take it out of the build"


@pytest.mark.requirement("IMG-2")
@pytest.mark.feature("editor")
def test_process_1_is_the_init(image: Image, containers: Containers) -> None:
    init = image.inventory.image.init
    if not init:
        blocked("the image has no init", "give it one, and name it in [image]")
    seen = containers.process_1(init).name
    assert seen == init, (
        f"entrypoint: process 1 is {seen!r}, not {init}, so signals stay there and nothing reaps processes: end the "
        f"base's entrypoint with exec {init}"
    )


@pytest.mark.requirement("IMG-8")
@pytest.mark.feature("editor")
def test_entrypoint_starts_the_editor_as_the_image_says(image: Image, containers: Containers) -> None:
    """Checks start a shell without the entrypoint; the editor and its terminals have what that sets."""
    seen = containers.process_1(image.inventory.image.init or "node")
    assert seen.umask == "0022", f"entrypoint: the editor's files get the umask {seen.umask}, not 0022: set none in it"
    wanted = dict(line.split("=", 1) for line in image.document["Config"].get("Env") or ())
    given = {name: value for name, value in seen.variables.items() if not BY_RUNTIME.fullmatch(name)}
    changed = sorted(name for name, value in given.items() if wanted.get(name) != value)
    assert not changed, (
        f"entrypoint: sets {', '.join(changed)} for the editor: leave that to the image and the deployment"
    )


@pytest.mark.requirement("IMG-8")
def test_variables_are_those_of_the_build(image: Image, inventory: Inventory) -> None:
    if not image_exists(image.built_on):
        blocked("the base image is not in the local storage", image.built_on)
    of_base = dict(text.split("=", 1) for text in inspect(image.built_on)["Config"].get("Env") or [])
    own = {"LANG": inventory.image.locale, "USER": inventory.image.user}
    wanted = {**of_base, **own, **image_environment(inventory)}
    seen = dict(text.split("=", 1) for text in image.document["Config"].get("Env") or [])
    wrong = [f"{name} is {seen.get(name)!r}" for name in sorted(seen | wanted) if seen.get(name) != wanted.get(name)]
    assert not wrong, (
        f"environment: {'; '.join(wrong)}, unlike the base and Dockerfile.j2: every program of the image reads it, so "
        "take it out of the build, or name it in fixtures/builder/dockerfile.py"
    )


@pytest.mark.requirement("IMG-8")
@pytest.mark.parametrize("name", ["LANG", "USER"])
def test_variables_of_the_base_are_known(name: str, image: Image, inventory: Inventory) -> None:
    names = {text.partition("=")[0] for text in image.document["Config"].get("Env") or []}
    known = {"LANG", "USER", *image_environment(inventory)}
    assert name in names, f"environment: {name} is not set: set it in the base"
    assert names <= known, f"environment: {', '.join(sorted(names - known))} nobody reviewed: take it out of the base"


@pytest.mark.requirement("IMG-6")
def test_labels_tell_what_it_is(image: Image) -> None:
    told = {key: image.labels.get(f"org.opencontainers.image.{key}", "") for key in LABELS}
    wrong = [f"{key} is {told[key]!r}" for key, pattern in LABELS.items() if not re.fullmatch(pattern, told[key])]
    named = {"title": image.inventory.image.title, "source": image.inventory.image.source}
    wrong += [f"{key} is {told[key]!r}, not {value!r}" for key, value in named.items() if told[key] != value]
    if image_exists(image.base):
        # An image that was pulled by the digest of its index has a digest of its own besides.
        base = inspect(image.base)
        digests = {base["Digest"], *(name.partition("@")[2] for name in base.get("RepoDigests") or ())}
        wrong += [f"base.digest is none of {image.base}, {', '.join(sorted(digests))}"] * (
            told["base.digest"] not in digests
        )
    assert not wrong, (
        f"labels: {', '.join(wrong)}: build the image with `nox -s build` in a checkout where `git log` works, which "
        "sets them"
    )


@pytest.mark.requirement("IMG-6")
def test_labels_are_of_this_build(image: Image, manifest: Manifest) -> None:
    commit = manifest.revision.commit + ("-dirty" if manifest.revision.dirty else "")
    expected = {"revision": commit, "base.name": manifest.base.name, "base.digest": manifest.base.digest}
    told = {key: image.labels.get(f"org.opencontainers.image.{key}", "") for key in expected}
    wrong = [f"{key} is {told[key]!r}, built was {value!r}" for key, value in expected.items() if told[key] != value]
    assert not wrong, f"labels: {'; '.join(wrong)}: build the image with `nox -s build`, which sets them"


@pytest.mark.requirement("IMG-6")
def test_labels_agree_with_each_other_and_with_the_clock(image: Image) -> None:
    told = {key: image.labels.get(f"org.opencontainers.image.{key}", "") for key in LABELS}
    commit, dirty, _ = told["revision"].partition("-dirty")
    suffix = f"+g{commit[:12]}{'.dirty' if dirty else ''}"
    wrong = [f"version is {told['version']!r}, not of revision {commit}"] * (
        "+" in told["version"] and not told["version"].endswith(suffix)
    )
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%FT%T}"
    wrong += [f"created is {told['created']!r}, which is to come"] * (told["created"] > tomorrow)
    kinds = {"stand-in"} if told["base.name"].startswith(PROJECT) else {"upstream", "stand-in"}
    wrong += [f"conformance.base is {image.base_kind!r} on {told['base.name']}"] * (image.base_kind not in kinds)
    assert not wrong, f"labels: {'; '.join(wrong)}: build the image with `nox -s build`, which sets them"


@pytest.mark.requirement("IMG-6")
def test_labels_are_those_of_the_build_alone(image: Image) -> None:
    of_base = inspect(image.built_on)["Config"].get("Labels") or {} if image_exists(image.built_on) else {}
    known = {*(f"org.opencontainers.image.{key}" for key in LABELS), *OWN_LABELS}
    more = sorted(name for name in image.labels.keys() - known if of_base.get(name) != image.labels[name])
    assert not more, f"labels: {', '.join(more)} nobody reviewed: take LABEL out of the build"


@pytest.mark.requirement("IMG-6")
def test_tools_that_a_label_says_are_left_out_are_not_there(
    image: Image, inventory: Inventory, container: Container
) -> None:
    named = [tool for tool in inventory.tools if tool.name in image.omitted]
    there = [tool.name for tool in named if container.run(f"command -v {tool.commands[0]}").stdout.strip()]
    assert not there, f"labels: {', '.join(there)} left out by conformance.omitted, and there: rebuild the image"


@pytest.mark.requirement("IMG-7")
@pytest.mark.parametrize(
    "program", [pytest.param(name, marks=pytest.mark.feature(part)) for name, part in FEATURE_OF.items()]
)
def test_program_beside_the_tools_is_there(program: str, container: Container) -> None:
    done = container.run(f"{program} --version")
    succeeded(done, program, "is missing, or broken", repair="install it in Dockerfile.j2, or in the base")


@pytest.mark.requirement("IMG-7")
@pytest.mark.feature("node")
def test_node_is_new_enough(image: Image, container: Container) -> None:
    told = container.run("node --version").stdout
    fix = "install it in Dockerfile.j2, or in the base"
    version, wanted = re.match(r"v(\d+)\.", told), image.inventory.image.node_major
    assert version, f"node: tells no version ({told[:40]!r}): {fix}"
    major = int(version[1])
    assert major >= wanted, f"node: version {major}, {wanted} or later is wanted: raise node/requirements.in"


@pytest.mark.requirement("IMG-7")
@pytest.mark.feature("npm")
def test_npm_runs_a_script(container: Container) -> None:
    package = '{"name":"p","version":"1.0.0","scripts":{"hello":"node -p 6*7"}}'
    done = container.run(f"echo '{package}' >package.json && npm run --silent hello")
    assert done.stdout.strip() == "42", (
        f"npm: runs no script ({last_line(done.stderr)}): rebuild the image, with another npm"
    )


@pytest.mark.requirement("IMG-7")
def test_locale_and_time_zone_are_sane(image: Image, container: Container) -> None:
    wanted = image.inventory.image.locale
    done = container.run("locale charmap; date +%Z; LC_ALL=$LANG sort --version >/dev/null; TZ=Europe/Madrid date +%Z")
    charmap, zone, madrid = (*done.stdout.split(), "", "", "")[:3]
    assert (charmap, zone) == ("UTF-8", "UTC"), f"locale: {charmap!r}, zone {zone!r}: set LANG={wanted}, and no TZ"
    assert madrid in {"CET", "CEST"}, f"time zones: Madrid is {madrid!r}: install tzdata"
    assert not done.stderr, f"locale: {done.stderr.strip()!r}: generate the locale that LANG names"
