"""devpi-server with the options of its own, but nobody makes a user by HTTP, as everybody may with it alone."""

import sys
from collections.abc import Sequence

# devpi-server's own main takes its plugins from what pip has installed.
from devpi_server.config import get_pluginmanager, hookimpl
from devpi_server.main import CommandRunner, _main

EVERYONE = "system.Everyone"
"""pyramid's name for whoever asks, with or without a log-in."""


class NoRegistration:
    """Its --restrict-modify would refuse too that users make indexes of their own."""

    @hookimpl
    def devpiserver_auth_denials(self) -> Sequence[tuple[str, str]]:
        """Return who may not do what, whatever else is allowed."""
        return [(EVERYONE, "user_create")]


plugins = get_pluginmanager()
plugins.register(NoRegistration())
with CommandRunner(pluginmanager=plugins) as runner:
    runner.return_code = _main(plugins)
sys.exit(runner.return_code)
