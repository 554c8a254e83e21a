"""The list of processes."""

from __future__ import annotations

import subprocess
import sys

from fixtures.host.command_lines import sampled


def test_arguments_of_a_program_that_ran_meanwhile_are_seen() -> None:
    with sampled() as seen:
        program = subprocess.Popen([sys.executable, "-c", "input()", "word-of-mine"], stdin=subprocess.PIPE)
        while not any("word-of-mine" in line for line in seen):
            assert program.poll() is None
        program.communicate(b"\n")
    assert any(line.endswith("word-of-mine") for line in seen)
