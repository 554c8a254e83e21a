"""podman, buildah, skopeo and podman-compose in the pod, as UID 1000 without privileges, against the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fixtures.advice import REBUILD, last_line
from fixtures.cluster.target import Target
from fixtures.deployment import startup
from fixtures.deployment.overlay import BASE
from fixtures.deployment.pod import Pod
from fixtures.deployment.scratch import Scratch
from fixtures.deployment.tools import must_refuse, must_run, must_tell, word, words_of
from fixtures.files import tar_of
from fixtures.host.podman import podman
from fixtures.image.image import Image
from fixtures.registry.client import Pushed, Registry
from fixtures.registry.settings import RegistryError, RegistrySettings
from fixtures.services.settings import DeploymentSettings
from fixtures.verdict.evidence import blocked

pytestmark = pytest.mark.xdist_group("storage")

TAGS = ("first", "second")
BUILD_SECONDS = 180.0
AUTH = 'umask 077; export REGISTRY_AUTH_FILE="$PWD/auth.json"'
CREDENTIALS = f"{AUTH}; cat >auth.json\nset -e\n"
REFUSAL = "(?i)unauthorized|invalid username/password|authentication required"
ASK = "let the registry ask for a password"
BUILD = """\
cp "$(command -v yq)" .
echo 'said: {said}' >said.yaml
cat >Containerfile <<'END'
FROM scratch
LABEL {label}
COPY yq said.yaml /
RUN ["/yq", "-i", ".said += \\"-built\\"", "/said.yaml"]
ENTRYPOINT ["/yq", ".said", "/said.yaml"]
END
podman build --quiet --tag {image} ."""
"""Builds an image without a base, out of one static program, which a step of the build runs too."""
PUSH = "podman push --quiet --digestfile digest {image} && cat digest"


@dataclass(frozen=True)
class Desk:
    """Where one check makes images: a repository of its own in the registry, and the pod's storage."""

    pod: Pod
    settings: RegistrySettings
    repository: str
    label: str
    """Of every image that is made here."""

    def image(self, tag: str = TAGS[0]) -> str:
        """Return the name of an image by its tag."""
        return f"{self.settings.host}/{self.repository}:{tag}"

    def by_digest(self, digest: str) -> str:
        """Return the name of an image by its digest."""
        return f"{self.settings.host}/{self.repository}@{digest}"

    def build(self, said: str) -> None:
        """Build an image that says a word, and that it was built."""
        script = BUILD.format(said=said, label=self.label, image=self.image())
        must_run(self.pod, "podman", f"set -e\n{script}", seconds=BUILD_SECONDS)

    def run(self, tool: str, script: str) -> str:
        """Run a script that has the registry's credentials; return its output."""
        return must_run(self.pod, tool, CREDENTIALS + script, seconds=BUILD_SECONDS, stdin=self._credentials).strip()

    def tell(self, tool: str, script: str) -> Any:
        """Run a script that has the registry's credentials; return the JSON that it prints."""
        return must_tell(self.pod, tool, CREDENTIALS + script, seconds=BUILD_SECONDS, stdin=self._credentials)

    @property
    def _credentials(self) -> bytes:
        return self.settings.docker_config().encode()

    def there(self, registry: Registry, tag: str = TAGS[0]) -> str:
        """Return the digest that the registry has for a tag, as seen from outside; empty where it has none."""
        return registry.find(self.repository, tag)

    def remove(self, registry: Registry) -> None:
        """Remove its images from the registry."""
        for tag in TAGS:
            if self.there(registry, tag):
                registry.delete(self.repository, tag)


@pytest.fixture
def label(pod: Pod, scratch: Scratch) -> Iterator[str]:
    """Label of the images that one check makes in the pod's storage; they are removed at the end."""
    yield scratch.selector
    script = f"""\
podman pod rm --all --force --time=0; podman rm --all --force --time=0
podman image list --quiet --filter label={scratch.selector} | sort -u | xargs -r podman image rm --force
podman image prune --force"""
    pod.run(script, seconds=BUILD_SECONDS)


@pytest.fixture
def registry_up(registry_client: Registry, pushed: Pushed) -> RegistrySettings:
    """The registry, which answers; blocks the check where it does not: nothing can be said of a tool then."""
    try:
        registry_client.digest(pushed.repository, pushed.tag)
    except RegistryError as error:
        blocked("the registry is down", str(error))
    return registry_client.settings


@pytest.fixture
def desk(
    pod: Pod, registry_up: RegistrySettings, registry_client: Registry, pushed: Pushed, scratch: Scratch, label: str
) -> Iterator[Desk]:
    """A place for the images of one check; they are removed from the registry at the end."""
    project = pushed.repository.split("/")[:-1]
    found = Desk(pod, registry_up, "/".join([*project, scratch.name]), label)
    try:
        yield found
    finally:
        found.remove(registry_client)


@pytest.fixture
def sample(desk: Desk, registry_client: Registry, scratch: Scratch) -> Iterator[Pushed]:
    """An image that this machine pushed."""
    name = f"localhost/conformance-sample:{scratch.name}"
    instructions = f"FROM scratch\nLABEL {desk.label}\n"
    podman("build", "--quiet", f"--tag={name}", "--format=oci", "--file=-", str(BASE), stdin=instructions.encode())
    try:
        with registry_client.push(name, TAGS[0], repository=desk.repository) as done:
            yield done
    finally:
        podman("image", "rm", name)


@pytest.fixture
def password(registry_up: RegistrySettings) -> str:
    """The registry's password; blocks the check where it has none."""
    if not registry_up.password:
        blocked("the registry has no password", "nothing can be said of logging in")
    return registry_up.password


# ---- podman


@pytest.mark.requirement("TOOL-podman-runs")
def test_podman_is_rootless_in_the_pod(pod: Pod, image: Image, held_to: DeploymentSettings) -> None:
    asked = "{{.Host.Security.Rootless}} {{.Store.GraphDriverName}} {{.Store.GraphRoot}}"
    seen = must_run(pod, "podman", f"podman info --format '{asked}'").split()
    expected = ["true", "vfs", f"{held_to.home or image.inventory.image.home}/.local/share/containers/storage"]
    assert seen == expected, f"podman: rootless, driver, storage are {seen}, not {expected}: fix storage.conf"


@pytest.mark.requirement("TOOL-podman-connects")
@pytest.mark.uses("jq")
def test_podman_logs_in_to_the_registry(pod: Pod, registry_up: RegistrySettings, password: str) -> None:
    script = f"{AUTH}\n{_login(registry_up)} && jq -r '.auths | keys[]' auth.json"
    hosts = must_run(pod, "podman", script, stdin=password.encode()).split()
    assert hosts[-1] == registry_up.host, f"podman: is logged in to {hosts}, not to {registry_up.host}: {REBUILD}"
    must_refuse(pod, "podman", f"{AUTH}\n{_login(registry_up)}", REFUSAL, repair=ASK, stdin=f"{password}.".encode())


@pytest.mark.requirement("TOOL-podman-connects", "ENV-5")
def test_podman_refuses_a_registry_of_another_authority(
    pod: Pod, registry_up: RegistrySettings, foreign_certificate: bytes
) -> None:
    # The deployment has the registry's authority in certs.d, beside those of the machine.
    pull = f"podman pull --cert-dir=$PWD/c {registry_up.host}/any/any:any"
    script = f"mkdir c; cat >c/ca.crt; export SSL_CERT_FILE=$PWD/c/ca.crt; {pull}"
    fix = "take `insecure` out of registries.conf"
    must_refuse(pod, "podman", script, "unknown authority", repair=fix, stdin=foreign_certificate)


@pytest.mark.requirement("TOOL-podman-operates")
@pytest.mark.uses("yq")
def test_podman_builds_pushes_and_pulls_by_digest(desk: Desk, registry_client: Registry) -> None:
    desk.build(word())
    digest = desk.run("podman", PUSH.format(image=desk.image()))
    there = desk.there(registry_client)
    assert digest == there, f"podman: says it pushed {digest}, the registry has {there}: {REBUILD}"
    name = desk.by_digest(digest)
    before = desk.run(
        "podman", f"podman image rm {desk.image()} >log\npodman image exists {name} && echo still || echo gone"
    )
    again = desk.run(
        "podman", f"podman pull --quiet {name} >id\npodman image inspect --format '{{{{.Digest}}}}' {name}"
    )
    seen, expected = (before, again), ("gone", digest)
    assert seen == expected, f"podman: image after its removal and digest pulled are {seen}, not {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-podman-operates")
@pytest.mark.parametrize(
    "options",
    ["", "--network=none", "--publish=18080:80", "--init"],
    ids=["plain", "offline", "published", "with an init"],
)
def test_podman_runs_a_container_as_it_is_typed(options: str, desk: Desk) -> None:
    said = word()
    desk.build(said)
    seen = must_run(desk.pod, "podman", f"podman run --rm {options} {desk.image()}").strip()
    assert seen == f"{said}-built", f"podman: its container says {seen!r}, not {said}-built: see containers.conf"


@pytest.mark.requirement("TOOL-podman-operates")
def test_podman_builds_files_of_another_user(desk: Desk) -> None:
    containerfile = f"FROM scratch\nLABEL {desk.label}\nCOPY --chown=33:33 said /\n"
    script = f"""\
echo '{word()}' >said; printf '{containerfile.encode("unicode_escape").decode()}' >Containerfile
podman build --quiet --tag {desk.image()} . >log; c=$(podman create {desk.image()} /said)
podman export $c | tar -t --verbose --numeric-owner; podman rm $c >>log"""
    listed = must_run(desk.pod, "podman", f"set -e\n{script}", seconds=BUILD_SECONDS)
    owners = [line.split()[1] for line in listed.splitlines() if line.endswith(" said")]
    assert owners == ["33/33"], f"podman: a file of UID and GID 33 belongs to {owners}: give /etc/subuid a range"


@pytest.mark.requirement("FLOW-image")
@pytest.mark.uses("podman", "yq", "kubectl")
def test_cluster_runs_what_was_built_in_the_pod(desk: Desk, scratch: Scratch, on_nodes: list[str]) -> None:
    said = word()
    desk.build(said)
    digest = desk.run("podman", PUSH.format(image=desk.image()))
    on_nodes.append(desk.by_digest(digest))
    must_run(desk.pod, "kubectl", "kubectl apply -f -", stdin=json.dumps(scratch.pod(image=on_nodes[0])).encode())
    scratch.must_succeed()
    seen = {must_run(desk.pod, "kubectl", f"kubectl logs {scratch.name}").strip(), scratch.log().strip()}
    assert seen == {f"{said}-built"}, f"image: says {seen} in the cluster, not {said}-built: read the pod's log"
    runs = scratch.pods()[0].status.container_statuses[0].image_id
    assert runs.endswith(digest), (
        f"image: the cluster ran {runs}, not {digest}: remove the image from the node, which then pulls the digest"
    )


@pytest.fixture
def on_nodes(target: Target) -> Iterator[list[str]]:
    """References of images that nodes have pulled; an embedded cluster's nodes forget them at the end."""
    references: list[str] = []
    yield references
    cluster = target.embedded
    for node in cluster.nodes if cluster else ():
        for reference in references:
            startup.forget(cluster, node, reference)  # type: ignore[arg-type]


# ---- buildah


@pytest.mark.requirement("TOOL-buildah-operates")
@pytest.mark.uses("skopeo")
def test_buildah_makes_an_image_step_by_step_and_pushes_it(desk: Desk, registry_client: Registry) -> None:
    said = word()
    told = desk.run(
        "buildah",
        f"""\
printf %s {said} >said
c=$(buildah from scratch)
buildah copy --quiet $c said /said >log
buildah config --label {desk.label} --label said={said} $c
buildah commit --quiet --rm $c {desk.image()} >id
buildah push --quiet --digestfile digest {desk.image()} && echo $(cat digest) $(cat id)""",
    )
    digest, image_id = words_of(told, 2, "buildah", "tells digest and id of its image as")
    back = registry_client.pull_back(Pushed(desk.settings.host, desk.repository, digest))
    seen = {"digest": back.digest, "image": back.image_id, "tag": desk.there(registry_client)}
    expected = {"digest": digest, "image": image_id, "tag": digest}
    assert seen == expected, f"buildah: pushed {expected}, the registry gave back {seen}: {REBUILD}"
    labels = desk.tell("skopeo", f"skopeo inspect --no-tags docker://{desk.image()}").get("Labels") or {}
    assert labels.get("said") == said, f"buildah: its image has the labels {labels}, not said={said}: {REBUILD}"


# ---- skopeo


@pytest.mark.requirement("TOOL-skopeo-connects")
def test_skopeo_inspects_the_image_under_test(desk: Desk, pushed: Pushed, image: Image) -> None:
    seen = desk.tell("skopeo", f"skopeo inspect --no-tags docker://{pushed.reference}")
    digest, labels = seen.get("Digest"), seen.get("Labels") or {}
    wrong = sorted(name for name in labels.keys() | image.labels.keys() if labels.get(name) != image.labels.get(name))
    assert digest == pushed.digest, f"skopeo: the image is {digest}, pushed was {pushed.digest}: {REBUILD}"
    assert not wrong, f"skopeo: the labels {', '.join(wrong)} are not those of the image: push the image again"


@pytest.mark.requirement("TOOL-skopeo-connects")
@pytest.mark.usefixtures("password")
def test_skopeo_is_refused_without_the_password(pod: Pod, pushed: Pushed) -> None:
    must_refuse(pod, "registry", f"{AUTH}\nskopeo inspect --no-tags docker://{pushed.reference}", REFUSAL, repair=ASK)


@pytest.mark.requirement("TOOL-skopeo-operates")
def test_skopeo_copies_to_another_tag(desk: Desk, sample: Pushed, registry_client: Registry) -> None:
    source, target = desk.image(TAGS[0]), desk.image(TAGS[1])
    desk.run("skopeo", f"skopeo copy --quiet --preserve-digests docker://{source} docker://{target}")
    there = desk.there(registry_client, TAGS[1])
    assert there == sample.digest, f"skopeo: the copy's digest is {there}, not {sample.digest}: {REBUILD}"


# ---- podman-compose


@pytest.mark.requirement("TOOL-podman-compose-operates")
@pytest.mark.uses("podman", "yq")
def test_podman_compose_builds_and_runs_two_services(pod: Pod, label: str) -> None:
    said = word()
    services = {name: _service(name, label) for name in ("db", "web")}
    files = {"compose.yaml": json.dumps({"services": {name: one for name, (one, _) in services.items()}})}
    files |= {f"{name}/Containerfile": text for name, (_, text) in services.items()}
    script = f"""\
tar -x; export SAID={said}
for service in db web; do cp "$(command -v yq)" $service; done
show() {{ grep -o '[a-z]* says .*' out | sort; }}
fail() {{ cat log >&2; exit 1; }}
podman-compose config | yq '.services.*.environment.SAID'
{{ podman-compose build && podman-compose --no-ansi up >out && podman-compose down; }} >log 2>&1 && show || fail"""
    seen = must_run(pod, "podman-compose", script, seconds=BUILD_SECONDS, stdin=tar_of(files)).splitlines()
    expected = [said, said, f"db says {said}", f"web says {said}"]
    assert seen == expected, f"podman-compose: resolved and ran {seen}, not {expected}: {REBUILD}"
    left = must_run(pod, "podman", "podman ps --all --quiet; podman pod list --quiet").split()
    assert not left, f"podman-compose: `down` leaves {left}: {REBUILD}"


@pytest.mark.requirement("TOOL-podman-compose-operates")
def test_podman_compose_with_a_network_of_its_own_works_or_names_the_device(pod: Pod, label: str) -> None:
    device = must_run(pod, "podman-compose", "ls /dev/net/tun 2>/dev/null || echo none").strip() != "none"
    expected = "web says x" if device else "Failed to open() /dev/net/tun"
    service, containerfile = _service("web", label)
    del service["network_mode"]
    files = {"compose.yaml": json.dumps({"services": {"web": service}}), "web/Containerfile": containerfile}
    script = """\
tar -x; export SAID=x; cp "$(command -v yq)" web; podman-compose build >log 2>&1 || exit 99
podman-compose --no-ansi up >log 2>&1; podman-compose down >>log 2>&1; cat log"""
    said = must_run(pod, "podman-compose", script, seconds=BUILD_SECONDS, stdin=tar_of(files))
    assert expected in said, (
        f"podman-compose: `up` with a network of its own says {last_line(said)!r}, not {expected!r}: {REBUILD}, "
        "and correct what docs/image-sources.md says of it"
    )


def _service(name: str, label: str) -> tuple[dict[str, Any], str]:
    """Return a service for a compose file, and the file that its image is built from."""
    service = {
        "image": f"localhost/{name}-{label.partition('=')[2]}",
        "build": name,
        "environment": {"SAID": "${SAID}"},
        # Without it podman-compose makes a network, which needs a device: see the next check.
        "network_mode": "host",
    }
    words = json.dumps(["-n", f'"{name} says " + strenv(SAID)'])
    return service, f'FROM scratch\nLABEL {label}\nCOPY yq /\nENTRYPOINT ["/yq"]\nCMD {words}\n'


# ---- the environment


@pytest.mark.requirement("ENV-2")
def test_registry_of_the_environment_has_the_image(pod: Pod, pushed: Pushed, registry_up: RegistrySettings) -> None:
    host, user, password = registry_up.host, registry_up.username, registry_up.password
    named = must_run(pod, "environment", "echo $REGISTRY_URL").strip()
    assert named == f"https://{host}", f"environment: REGISTRY_URL is {named}: set it to https://{host}"
    authority = f"/etc/containers/certs.d/{host}/ca.crt"
    script = f"""\
umask 077; cat >netrc
ca=; [ ! -r {authority} ] || ca="--cacert {authority}"
get="-sSf --netrc-file netrc $ca -o manifest $REGISTRY_URL/v2/{pushed.repository}/manifests/{pushed.digest}"
why() {{ head -n 1 error >&2; exit 1; }}
curl $get -H 'Accept: application/vnd.oci.image.manifest.v1+json' 2>error && sha256sum manifest || why"""
    netrc = f"machine {host.partition(':')[0]} login {user} password {password}\n" if password else ""
    told = must_run(pod, "REGISTRY_URL", script, stdin=netrc.encode())
    seen, _ = words_of(told, 2, "sha256sum", "tells the digest of the manifest as")
    assert f"sha256:{seen}" == pushed.digest, (
        f"REGISTRY_URL: {named} has the manifest {seen}, not {pushed.digest}: set it to the registry of the image"
    )


def _login(settings: RegistrySettings) -> str:
    return f"podman login --username={settings.username} --password-stdin {settings.host}"
