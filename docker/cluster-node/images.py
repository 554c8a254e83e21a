"""Make the images of a cluster's own parts, named as kubeadm names them, in one OCI archive for containerd to import.

Each is FROM scratch: one program, and for kube-proxy what it calls. The four parts of Kubernetes share a layer.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
BIN = "usr/local/bin"
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler")
OTHERS = {
    "etcd": "registry.k8s.io/etcd",
    "coredns": "registry.k8s.io/coredns/coredns",
    "pause": "registry.k8s.io/pause",
    "local-path-provisioner": "docker.io/rancher/local-path-provisioner",
}
IPTABLES = (
    "conntrack",
    "iptables",
    "libc6",
    "libip4tc2",
    "libip6tc2",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftnl11",
    "libxtables12",
    "netbase",
)
"""Debian packages of what kube-proxy calls, with the libraries that takes."""
ZSTD = ("zstd", "-12", "-T0", "--quiet", "--stdout")
"""A new cluster waits for its images to be unpacked, and zstd unpacks faster than gzip."""


def programs(*links: str, program: Path, folder: str = BIN) -> bytes:
    """Return the tar of a program in a folder, with links to it."""
    with io.BytesIO() as buffer, tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(f"{folder}/{program.name}")
        entry.size, entry.mode = program.stat().st_size, 0o755
        with program.open("rb") as content:
            tar.addfile(entry, content)
        for name in links:
            link = tarfile.TarInfo(f"{folder}/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, program.name
            tar.addfile(link)
        tar.close()
        return buffer.getvalue()


def packages(names: tuple[str, ...]) -> bytes:
    """Return the tar of what installed Debian packages own, and of the links that lead to it."""
    owned = subprocess.run(["dpkg", "--listfiles", *names], check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    links = ["/bin", "/lib", "/lib64", "/sbin", *map(str, Path("/etc/alternatives").glob("*tables*"))]
    links += [str(path) for path in Path("/usr/sbin").iterdir() if path.is_symlink() and "tables" in path.name]
    with io.BytesIO() as buffer, tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted({*owned, *links}):
            if not path.startswith("/usr/share") and (Path(path).is_symlink() or Path(path).is_file()):
                tar.add(path, filter=undated)
        tar.close()
        return buffer.getvalue()


def undated(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Take the time of the build out of an entry."""
    entry.mtime = 0
    return entry


class Archive:
    """An OCI image layout, written into a tar."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._manifests: list[dict[str, object]] = []
        self._written: set[str] = set()

    def blob(self, content: bytes, kind: str) -> dict[str, object]:
        """Write a blob, once, and return its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._written:
            self._written.add(digest)
            self._file(f"blobs/sha256/{digest}", content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def layer(self, tar: bytes) -> tuple[dict[str, object], str]:
        """Write a layer; return its descriptor and the digest of what is packed in it."""
        packed = subprocess.run(ZSTD, check=True, input=tar, stdout=subprocess.PIPE).stdout
        return self.blob(packed, "layer.v1.tar+zstd"), f"sha256:{hashlib.sha256(tar).hexdigest()}"

    def image(self, reference: str, entrypoint: str, layers: list[tuple[dict[str, object], str]]) -> None:
        """Write an image that runs a program."""
        configuration = {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {"Entrypoint": [entrypoint], "Env": ENVIRONMENT},
            "rootfs": {"type": "layers", "diff_ids": [unpacked for _, unpacked in layers]},
        }
        kind = "manifest.v1+json"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"application/vnd.oci.image.{kind}",
            "config": self.blob(json.dumps(configuration).encode(), "config.v1+json"),
            "layers": [packed for packed, _ in layers],
        }
        name = {"annotations": {"io.containerd.image.name": reference}}
        self._manifests.append(self.blob(json.dumps(manifest).encode(), kind) | name)

    def close(self) -> None:
        """Write the index of the images, by which they are found."""
        index = {"schemaVersion": 2, "manifests": self._manifests}
        self._file("index.json", json.dumps(index).encode())
        self._file("oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())

    def _file(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))


def main(out: Path, versions_file: Path, archive: Path) -> None:
    """Make all images from the programs in a folder."""
    versions = dict(line.split() for line in versions_file.read_text(encoding="ascii").splitlines())
    with tarfile.open(archive, "w") as tar:
        target = Archive(tar)
        kubernetes = target.layer(programs(*KUBERNETES, program=out / "kubernetes"))
        iptables = target.layer(packages(IPTABLES))
        for part in KUBERNETES:
            extra = [iptables] if part == "kube-proxy" else []
            target.image(f"registry.k8s.io/{part}:{versions['kubernetes']}", f"/{BIN}/{part}", [kubernetes, *extra])
        for part, repository in OTHERS.items():
            layer = target.layer(programs(program=out / part))
            target.image(f"{repository}:{versions[part]}", f"/{BIN}/{part}", [layer])
        shell = target.layer(programs("mkdir", "rm", "sh", program=Path("/usr/bin/busybox"), folder="bin"))
        target.image(f"docker.io/library/busybox:{versions['busybox']}", "/bin/sh", [shell])
        target.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
