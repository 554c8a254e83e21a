"""What the image trusts: the public authorities that Debian packages, and nothing else; no setting weakens a client.

Each client meets a server whose certificate no authority has signed. It refuses it, and takes it when it is told of it:
so the server works, and the refusal is the client's own.
"""

from __future__ import annotations

import re

import pytest

from fixtures.advice import last_line
from fixtures.image.containers import Container
from fixtures.image.image import Image

SERVER = r"""
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out own.pem -days 1 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
echo "ca_certificate = $PWD/own.pem" >wgetrc
python3 - >port <<'PY' &
import http.server, ssl
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("own.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
server=$!
trap 'kill $server' EXIT
until [ -s port ] || ! kill -0 $server; do sleep 0.05; done
at=localhost:$(cat port); url=https://$at
mkdir home; cp -r ~/.[!.]*rc ~/.gitconfig ~/.netrc ~/.config ~/.ssh home 2>/dev/null
export HOME=$PWD/home
"""
"""Starts a server at $at, with the certificate own.pem, in the background of a script, and makes a copy of home."""
FETCH = "fetch(process.argv[1]).catch(e => { console.error(e.cause); process.exit(1) })"
URLLIB = "python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=20).read()' $url"
REQUESTS = "python3 -c 'import sys, requests as r; r.get(sys.argv[1], timeout=20)' $url"
GH = "GH_CONFIG_DIR=$PWD/gh GH_HOST=$at GH_ENTERPRISE_TOKEN=t gh api /"
NPM = "npm view --registry=$url --fetch-retries=0 nothing"
PIP = "pip download --retries=0 --no-deps --index-url=$url/simple nothing"
CLIENTS = {
    "curl": ("", "curl --silent --show-error --output /dev/null $url", "CURL_CA_BUNDLE=$PWD/own.pem"),
    "wget": ("", "wget --no-verbose --tries=1 --output-document=/dev/null $url", "SYSTEM_WGETRC=$PWD/wgetrc"),
    "sudo curl": ("", "sudo curl --silent --show-error --output /dev/null $url", "CURL_CA_BUNDLE=$PWD/own.pem"),
    "sudo wget": ("", "sudo wget --no-verbose --tries=1 -O /dev/null $url", "SYSTEM_WGETRC=$PWD/wgetrc"),
    "git": ("", "git ls-remote $url/r.git", "GIT_SSL_CAINFO=$PWD/own.pem"),
    "node": ("", f"node -e '{FETCH}' $url", "NODE_EXTRA_CA_CERTS=$PWD/own.pem"),
    "npm": ("", NPM, "NODE_EXTRA_CA_CERTS=$PWD/own.pem"),
    "pip": ("", PIP, "PIP_CERT=$PWD/own.pem"),
    "urllib": ("", URLLIB, "SSL_CERT_FILE=$PWD/own.pem"),
    "requests": ("mlflow", REQUESTS, "REQUESTS_CA_BUNDLE=$PWD/own.pem"),
    "http": ("httpie", "http --ignore-stdin $url", "REQUESTS_CA_BUNDLE=$PWD/own.pem"),
    "helm": ("helm", "helm repo add probe $url", "SSL_CERT_FILE=$PWD/own.pem"),
    "kubectl": ("kubectl", "kubectl --server=$url --token=t get --raw /", "SSL_CERT_FILE=$PWD/own.pem"),
    "skopeo": ("skopeo", "skopeo inspect docker://$at/probe", "SSL_CERT_FILE=$PWD/own.pem"),
    "gh": ("gh", GH, "SSL_CERT_FILE=$PWD/own.pem"),
    "tea": ("tea", "tea login add --name probe --url $url --token t", "SSL_CERT_FILE=$PWD/own.pem"),
    "devpi": ("devpi-client", "devpi use --clientdir $PWD/d $url", "REQUESTS_CA_BUNDLE=$PWD/own.pem"),
    "ansible": ("ansible-core", "ansible localhost -m uri -a url=$url", "SSL_CERT_FILE=$PWD/own.pem"),
}
"""Of a client: the tool that brings it, its command for $url, and the variable by which it is told of a certificate."""
FEATURES = {"git": "git", "node": "node", "npm": "npm", "pip": "pip", "sudo curl": "sudo", "sudo wget": "sudo"}
"""The part of the image that brings a client, where no tool does."""
UNTRUSTED = r"(?i)certificate|self.signed|unknown authority|SSL: "
WEAK = r"""
git config --list --show-origin | grep -Ei 'sslverify=(false|0|no|off)'
python3 -m pip config list | grep -E 'trusted.host'
npm config get strict-ssl | grep -x false
grep -rnEi '^\s*insecure\s*=\s*true' /etc/containers
apt-config dump | grep -Ei 'AllowUnauthenticated.*"(true|1|yes)|Allow(Insecure|Weak|Downgrade).*"(true|1|yes)'
apt-config dump | grep -Ei 'Verify-(Peer|Host) "(false|0|no)"'
grep -rnEi 'trusted\s*[=:]\s*yes|allow-(insecure|weak)\s*[=:]\s*yes' /etc/apt
grep -rnEi '^\s*(host_key_checking\s*=\s*(false|no|0|off)|(ignore|validate)_certs\s*=|ssh_args.*HostKey)' /etc/ansible
grep -rnEi '^\s*(StrictHostKeyChecking\s+(no|off|accept)|UserKnownHostsFile\s+/dev|ForwardAgent\s+yes)' /etc/ssh ~/.ssh
grep -rnEi 'insecure([-_]skip[-_]tls[-_]verify)?"?\s*[:=]\s*"?true' ~/.kube ~/.config
grep -rnEi -e '--verify=no|sslmode=(disable|allow)' ~/.config
sudo -n grep -rnE '!(env_reset|authenticate)|^[^#]*env_keep.*\b(LD_|PYTHON|PERL|BASH_ENV|PATH\b)' /etc/sudoers*
env | grep -Ei '^[^=]*(insecure|no_verify|skip_(tls_)?verify)[^=]*=(true|1|yes)'
env | grep -Ei -e '=.*--(insecure|no-verify)|SSLMODE=(disable|allow)'
echo looked
"""
"""Prints the settings of the image, of its user and of the environment that switch a check of a peer off."""
GENERATED = {
    "libraries": ("/usr/sbin/ldconfig -i -X -C new", "/usr/sbin/ldconfig -p -C new", "/usr/sbin/ldconfig -p"),
    "character sets": (
        "iconvconfig -o $PWD/new",
        "base64 new",
        "{ base64 /usr/lib/*/gconv/*.cache 2>&- || base64 new; }",
    ),
    "authorities": (
        "mkdir certs none; /usr/sbin/update-ca-certificates --etccertsdir $PWD/certs --hooksdir $PWD/none",
        "cat certs/ca-certificates.crt",
        "cat /etc/ssl/certs/ca-certificates.crt",
    ),
}
"""Of an index: what makes it anew, and what prints the new one and the image's, without a line that names its file."""
FIX = "take the setting that switches its check off out of the image, its environment and its home"


def tried(container: Container, command: str, variable: str = "") -> tuple[int, str]:
    """Return the exit status and the words of a client at the server."""
    exported = f"export {variable}\n" if variable else ""
    done = container.run(f"{SERVER}{exported}({command}) 2>&1", seconds=60)
    return done.rc, done.stdout + done.stderr


def marks(client: str) -> list[pytest.MarkDecorator]:
    """Return what says which tool and which parts of the image the check of a client needs."""
    tool = CLIENTS[client][0]
    parts = ["python", FEATURES[client]] if client in FEATURES else ["python"]
    return [pytest.mark.feature(*parts), *([pytest.mark.uses(tool)] if tool else [])]


@pytest.mark.requirement("IMG-8")
@pytest.mark.parametrize("client", [pytest.param(name, marks=marks(name)) for name in CLIENTS])
def test_client_refuses_a_certificate_that_nobody_signed(client: str, container: Container) -> None:
    _, command, variable = CLIENTS[client]
    status, said = tried(container, command)
    assert status, f"{client}: takes a certificate that no authority has signed: {FIX}"
    assert re.search(UNTRUSTED, said), f"{client}: fails by {last_line(said)!r}, not by the certificate: see its words"
    _, said = tried(container, command, variable)
    assert not re.search(UNTRUSTED, said), f"{client}: does not take a certificate that {variable} names: {said[-300:]}"


@pytest.mark.requirement("IMG-8")
def test_public_authorities_are_those_of_debian(container: Container) -> None:
    bundle = certificates(container.run("cat /etc/ssl/certs/ca-certificates.crt").stdout)
    packaged = certificates(container.run("find /usr/share/ca-certificates -name '*.crt' -exec cat {} +").stdout)
    fix = "run update-ca-certificates as Debian's ca-certificates has it, and add no authority in Dockerfile.j2"
    assert packaged, "authorities: Debian's ca-certificates is not installed: add it to the packages of [image]"
    assert bundle - packaged == set(), f"authorities: {len(bundle - packaged)} that Debian does not package: {fix}"
    assert packaged - bundle == set(), f"authorities: {len(packaged - bundle)} of Debian's are not trusted: {fix}"


@pytest.mark.requirement("IMG-8")
@pytest.mark.parametrize("index", GENERATED)
def test_index_is_what_its_program_makes_anew(index: str, container: Container) -> None:
    make, *shown = GENERATED[index]
    new, old = (f"{command} | grep -v 'found in cache' >{name}" for command, name in zip(shown, "ab", strict=True))
    compared = "test -s a || echo it makes nothing; diff b a && echo same"
    done = container.run(f"{make} >log 2>&1 || cat log; {new}; {old}; {compared}", seconds=60)
    seen = (done.stdout + done.stderr).strip().splitlines()
    assert seen == ["same"], (
        f"{index}: the index of the image is not what its program makes of it ({' '.join(seen[:2])[:200]}): let "
        "no step of Dockerfile.j2 write it or its settings but that program"
    )


@pytest.mark.requirement("IMG-8")
def test_no_variable_names_authorities(image: Image) -> None:
    names = [text.partition("=")[0] for text in image.document["Config"].get("Env") or []]
    found = [name for name in names if re.search(r"CA_BUNDLE|CA_CERTS|CAINFO|CERT_FILE|CERT_DIR|VERIFY|UNAUTHOR", name)]
    assert not found, f"environment: {', '.join(found)} decides what is trusted: leave that to the deployment"


@pytest.mark.requirement("IMG-8")
@pytest.mark.feature("ssh")
def test_ssh_asks_before_it_trusts_a_host(container: Container) -> None:
    settings = dict(
        line.split(" ", 1) for line in container.run("ssh -G host.example").stdout.splitlines() if " " in line
    )
    checked = settings.get("stricthostkeychecking"), settings.get("userknownhostsfile", "").split(" ")[0]
    fix = "take that out of /etc/ssh/ssh_config and ssh_config.d"
    assert checked[0] in {"ask", "true"}, f"ssh: StrictHostKeyChecking is {checked[0]}: {fix}"
    assert checked[1].endswith("/.ssh/known_hosts"), f"ssh: UserKnownHostsFile is {checked[1]}: {fix}"


@pytest.mark.requirement("IMG-8")
def test_no_setting_takes_what_nobody_signed(image: Image, container: Container) -> None:
    script = image.inventory.image.environment.script
    weak = container.run(f"[ ! -f '{script}' ] || . '{script}'\n{WEAK}", seconds=60).stdout.splitlines()
    assert weak.pop() == "looked", "settings: the commands that read them did not run to their end: see the image's sh"
    assert not weak, f"{weak[0].strip()}: takes what nobody has signed: take that setting out of the image"


def certificates(text: str) -> set[str]:
    """Return the certificates of a PEM text, without their line breaks."""
    found = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL)
    return {"".join(body.split()) for body in found}
