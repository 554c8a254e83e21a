"""Go programs for tests: a file that has what Go's linker leaves in one, and nothing that runs."""

from __future__ import annotations

MAGIC = b"\xff Go buildinf:"
MODULES = """path\tk8s.io/kubernetes/cmd/kubectl
mod\tk8s.io/kubernetes\tv1.30.0\th1:own=
dep\tgolang.org/x/text\tv0.14.0\th1:text=
dep\tk8s.io/api\tv0.0.0
=>\tk8s.io/api\tv0.30.0\th1:api=
build\t-trimpath=true
"""


def block(version: str = "go1.26.6", text: str = MODULES) -> bytes:
    """Return what the linker leaves: a head of 32 bytes, the version of Go, and the lines about the modules."""
    lines = b"<" * 16 + text.encode() + b">" * 16
    return (MAGIC + b"\x08\x02").ljust(32, b"\0") + string(version.encode()) + string(lines)


def string(data: bytes) -> bytes:
    """Return a string behind its length, seven bits of which are in each byte."""
    head, size = bytearray(), len(data)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(head) + bytes([size]) + data


def program(content: bytes) -> bytes:
    """Return an ELF file that has some content at an address divisible by 16."""
    return b"\x7fELF".ljust(64, b"\0") + content
