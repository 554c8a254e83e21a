"""What a failed build's log tells: the words of pip, go, apt and podman, as they print them."""

from __future__ import annotations

import pytest

from fixtures.builder.build_failures import diagnosis, lock_does_not_resolve

STEP = '[3/9] STEP 4/5: RUN echo "no such host: connection refused"'
LAST = 'Error: building at STEP "RUN go build": while running runtime: exit status 1'
LOGS = {
    "pip, another hash": (
        [
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package",
            "    six==1.16.0 from https://mirror.example/six.whl:",
            "        Expected sha256 00",
        ],
        "what was downloaded is not what the lock names (ERROR: THESE PACKAGES",
    ),
    "go, another hash": (
        [
            "verifying github.com/mikefarah/yq/v4@v4.40.5: checksum mismatch",
            "\tdownloaded: h1:7g",
            "\tgo.sum:     h1:AA",
            "SECURITY ERROR",
        ],
        "what was downloaded is not what the lock names (verifying github.com/mikefarah/yq/v4@v4.40.5: checksum",
    ),
    "go, a lock that does not fit": (
        ["/root/go/pkg/mod/x.go:7:2: missing go.sum entry for module providing package github.com/fatih/color"],
        "the lock does not fit what is built (",
    ),
    "go, a lock of a newer Go": (
        ["go: go.mod requires go >= 1.26.8 (running go 1.26.6; GOTOOLCHAIN=local)", "exit status 1"],
        "a go.mod asks for a newer Go than the image is built with (go: go.mod requires go >= 1.26.8",
    ),
    "go, a module that was changed in the cache": (
        ["github.com/fatih/color v1.7.0: dir has been modified (/root/go/pkg/mod/github.com/fatih/color@v1.7.0)"],
        "a Go module in the cache of the builds is not what was downloaded (github.com/fatih",
    ),
    "go, a password by http": (
        ["go: x@v1: refusing to pass credentials to insecure URL: http://me:xxxxx@proxy.example/x/@v/v1.info"],
        "go sends a password by https alone (go: x@v1",
    ),
    "pip, versions that do not go together": (
        [
            "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.",
            "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/",
        ],
        "the lock does not fit what is built (ERROR: Cannot install",
    ),
    "npm, a lock that does not fit": (
        ["npm error `npm ci` can only install when your package.json and package-lock.json are in sync."],
        "the lock does not fit what is built (npm error",
    ),
    "apt, a mirror without Debian's signature": (
        ["E: The repository 'http://mirror.example/debian trixie InRelease' is not signed."],
        "a mirror of Debian serves what Debian has not signed (E: The repository",
    ),
    "go, no proxy": (
        ['x@v1: Get "http://127.0.0.1:1/x/@v/v1.zip": dial tcp 127.0.0.1:1: connect: connection refused'],
        "a package registry cannot be reached (x@v1: Get",
    ),
    "go, a wrong HTTPS_PROXY": (
        ['x@v1: Get "https://p/x": proxyconnect tcp: dial tcp: lookup nonsense: no such host'],
        "no way leads through the proxy (",
    ),
    "pip, no index": (
        [
            "WARNING: Retrying after connection broken by '[Errno 111] Connection refused': /simple/six/",
            "ERROR: No matching distribution found for six==1.16.0",
        ],
        "a package registry cannot be reached (WARNING: Retrying",
    ),
    "pip, no such version": (
        [
            "ERROR: Could not find a version that satisfies the requirement six==9",
            "ERROR: No matching distribution found",
        ],
        "the lock names what the package index does not have (",
    ),
    "apt": (
        ["E: Failed to fetch http://d/x.deb  Hash Sum mismatch"],
        "what was downloaded is not what the lock names (",
    ),
    "apt, no such package": (
        ["E: Unable to locate package jqq"],
        "apt knows no such package (E: Unable to locate package jqq)",
    ),
    "apt, none to install": (
        ["E: Package 'jqq' has no installation candidate"],
        "apt knows no such package (E: Package 'jqq'",
    ),
    "base, no Debian": (
        ["/bin/sh: 1: apt-get: not found"],
        "the base is no Debian (/bin/sh: 1: apt-get: not found)",
    ),
    "disk": (["mkdir /var/tmp/x: no space left on device"], "the disk is full ("),
}


@pytest.mark.parametrize("log", LOGS)
def test_cause_is_found_in_the_log(log: str) -> None:
    said, expected = LOGS[log]
    found = diagnosis([STEP, *said, LAST, ""])
    assert found is not None
    assert found.problem.startswith(expected)
    assert found.repair


def test_what_passed_by_itself_and_what_a_command_says_is_no_cause() -> None:
    tried = "WARNING: Retrying after connection broken by 'Read timed out'"
    assert diagnosis([STEP, tried, "x.go:1: undefined: y", LAST]) is None


HELD = "E: Unable to correct problems, you have held broken packages."


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([HELD, LAST], True),
        ([" vim : Depends: vim-common (= 2) but 1 is to be installed", "E: Unable to satisfy dependencies."], True),
        (["The following packages have unmet dependencies:"], True),
        ([f'[3/9] STEP 4/5: RUN echo "{HELD}"', f'Error: building at STEP "RUN echo {HELD}": status 1'], False),
        (["E: Unable to locate package jqq"], False),
        ([], False),
    ],
)
def test_lock_that_apt_cannot_keep_to_is_known_by_apt_s_words_alone(said: list[str], *, found: bool) -> None:
    assert lock_does_not_resolve(said) == found
