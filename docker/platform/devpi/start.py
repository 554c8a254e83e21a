"""Makes the database and the users at the first start, then becomes the server."""

import os
import subprocess
import sys
from pathlib import Path

from devpi_server.main import CommandRunner, xom_from_config

CREDENTIALS = Path("/etc/devpi/credentials")

data = Path(os.environ["DEVPISERVER_SERVERDIR"])
if not (data / ".nodeinfo").exists():
    # The password goes by the environment: a command line is seen by all.
    secret = {"DEVPISERVER_ROOT_PASSWD": (CREDENTIALS / "root").read_text(encoding="utf-8")}
    subprocess.run(["devpi-init", "--no-root-pypi"], env=os.environ | secret, check=True)

# As devpi-passwd gets at the database; the server itself has no command that makes users.
with CommandRunner() as runner:
    parser = runner.create_parser(add_help=False, description="")
    parser.add_configfile_option()
    parser.add_logging_options()
    parser.add_storage_options()
    xom = xom_from_config(runner.get_config(["start"], parser))
    with xom.keyfs.write_transaction():
        for path in CREDENTIALS.iterdir():
            if path.is_file() and xom.model.get_user(path.name) is None:
                xom.model.create_user(path.name, path.read_text(encoding="utf-8"))
if runner.return_code:
    raise SystemExit(runner.return_code)

server = [sys.executable, "/etc/devpi/settings/server.py", "--host=127.0.0.1", "--port=3141", "--threads=10"]
# The secret that its key is derived from is random: half a gigabyte (KiB here) would make nobody's guess harder.
derivation = ["--argon2-memory-cost=8192", "--argon2-time-cost=1"]
os.execv(sys.executable, [*server, *derivation])  # noqa: S606
