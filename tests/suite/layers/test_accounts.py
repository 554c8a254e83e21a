"""The accounts of an image, from its four files."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from fixtures.layers.accounts import account_problems
from tests.suite.layers.test_planted import entry

PROGRAMS = [
    replace(entry("/usr/bin/x"), content=lambda: io.BytesIO(b"\xff")),
    *(entry(f"/usr/bin/{name}", mode=0o755) for name in ("bash", "rbash", "dash", "zsh")),
    entry("/bin", kind="symlink", link="usr/bin"),
    entry("/tmp", kind="dir", mode=0o1777),
]
SHELLS = "# shells\n/bin/bash\n/bin/dash\n/usr/bin/rbash\n/usr/bin/fish\n"
ACCOUNTS = "root:x:0:0::/root:/bin/bash\nme:x:1000:1000::/home/me:/bin/bash\n"
SHADOW = "root:*:1::::::\nme:!:1::::::\n"
GSHADOW = "root:*::\nme:!::\nusers:!::me\n"
GROUP = "root:x:0:\nme:x:1000:\nusers:x:100:me\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "line"),
    [
        ("passwd", "", "", ""),
        ("passwd", "1000::/home/me:/bin/bash", "1000::/home/me:/usr/sbin/nologin", "me: its shell is"),
        ("passwd", "1000::/home/me:/bin/bash", "1000::/home/me:bash", "me: its shell is 'bash', so no terminal opens"),
        ("passwd", "root:x", "toor:x:0:5::/:/bin/sh\nroot:x", "toor: a second account with UID 0"),
        ("passwd", "root:x", "sync:x:4:0::/bin:/bin/sync\nroot:x", ""),
        ("passwd", "root:x", "www-data:x:33:33::/:/bin/bash\nroot:x", "www-data: has the shell /bin/bash, and nobody"),
        ("passwd", "root:x", "www-data:x:33:33::/:\nroot:x", "www-data: has the shell /bin/sh, and nobody"),
        (
            "passwd",
            "/root:/bin/bash",
            "/root:/sbin/nologin",
            "root: its shell is '/sbin/nologin', so no terminal of sudo",
        ),
        ("passwd", "root:x", "you:x:1001:9::/:/bin/false\nroot:x", "you: an account of a person beside me"),
        ("passwd", "root:x", "nobody:x:65534:9::/:/bin/false\nroot:x", ""),
        ("passwd", "root:x", "a:x:7:9::/:/bin/false\nb:x:7:9::/:/bin/false\nroot:x", "b: has UID 7, which is a's"),
        ("passwd", "root:x", "root:$y$x", "root: its password stands in /etc/passwd"),
        ("passwd", "me:x", "you:x", "me: has no account, or no /etc/shadow is there"),
        ("shadow", SHADOW, "", "me: has no account, or no /etc/shadow is there"),
        ("passwd", "/home/me:/bin/bash", "/home/me:/bin/dash", "me: its shell is /bin/dash, a terminal of which has"),
        (
            "shadow",
            "me:!",
            "me:!:20784:0:99999:7::21500:\nyou:!",
            "me: ends one day, or has a password that",
        ),
        ("shadow", "me:!", "me:!:20784:0:90:7:::\nyou:!", "me: ends one day"),
        ("shadow", "me:!", "me:!:0:0:99999:7:::\nyou:!", "me: ends one day"),
        ("shadow", "me:!", "me:!:20784:0:99999:7:::\nyou:!", ""),
        ("shadow", "root:*", "root:", "root: has an empty password"),
        ("shadow", "me:!", "me:$y$x", "me: has a password"),
        ("group", "root:x:0:", "broken:x:0\nroot:x:0:", "broken: its line in /etc/group has 3 fields, not 4"),
        ("group", "root:x:0:", "\nroot:x:0:", ""),
        ("shadow", "root:*", "root:$6$x:1::::::\nroot:*", "root: stands twice in /etc/shadow, of which the first line"),
        ("shadow", "root:*:1", "root:*", "root: its line in /etc/shadow has 8 fields, not 9"),
        ("gshadow", "users:!::me", "users:!::me\nusers:!::", "users: stands twice in /etc/gshadow"),
        ("passwd", "home/me:/bin/bash", "home/me:/usr/bin/rbash", "me: its shell is /usr/bin/rbash, in which nobody"),
        ("passwd", "home/me:/bin/bash", "home/me:/usr/bin/fish", "me: its shell /usr/bin/fish is not there"),
        ("passwd", "/root:/bin/bash", "/root:/usr/bin/x", "root: its shell /usr/bin/x is no program that everybody"),
        ("passwd", "/root:/bin/bash", "/root:/usr/bin/zsh", "root: its shell /usr/bin/zsh is not in /etc/shells"),
        ("passwd", "::/root:", "::/tmp:", "root: its home is /tmp, not /root"),
        ("passwd", "root:x", "man:x:6:12::/tmp/man:/bin/false\nroot:x", "man: its home is /tmp/man, where everybody"),
        ("passwd", "root:x", "man:x:6:12::/home/me/x:/bin/false\nroot:x", "man: its home is /home/me/x, in that of me"),
        ("passwd", "root:x", "man:x:6:12::/var/man:/bin/false\nroot:x", ""),
        ("group", "root:x:0:", "root:x:0:me", "me: is in the groups root too"),
        ("group", "root:x:0:", "root:x:0:\nreaders:x:0:", "group readers: has GID 0, which is root's"),
        ("group", "root:x:0:", "root:$y$x:0:", "group root: its password stands in /etc/group"),
        ("gshadow", "root:*", "root:$y$x", "group root: has a password in /etc/gshadow, which newgrp takes"),
        ("gshadow", "root:*", "root:", ""),
        ("gshadow", "root:*::", "root:*:me:", "me: is in the groups root too"),
    ],
)
def test_accounts(path: str, old: str, new: str, line: str) -> None:
    files = {"passwd": ACCOUNTS, "shadow": SHADOW, "group": GROUP, "gshadow": GSHADOW, "shells": SHELLS}
    files[path] = files[path].replace(old, new, 1)
    entries = [*PROGRAMS, *(entry(f"/etc/{name}", text) for name, text in files.items())]
    wrong = account_problems(entries, user="me", group="me")
    assert "; ".join(wrong).startswith(line)
    assert bool(wrong) == bool(line)
