"""argo of the image in a terminal that is older than the token of the pod's account."""

from __future__ import annotations

from shlex import quote

import pytest

from fixtures.advice import REBUILD, last_line
from fixtures.image.containers import Container

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
CALLS = 2
SERVER = """
import http.server, json

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "none").rpartition(" ")[2]
        data = json.dumps({"metadata": {}, "items": [{"metadata": {"name": token, "namespace": "n"}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A server whose one workflow has the token that it got for a name."""
SCRIPT = f"""\
printf %s {quote(SERVER)} >server.py
mkfifo port; python3 server.py >port & read -r number <port
trap 'kill $!; sudo rm -rf {FOLDER}' EXIT
sudo install -d {FOLDER}
echo first | sudo tee {FOLDER}/token >/dev/null
bash -i 2>shell.log <<END
export ARGO_SERVER=localhost:$number ARGO_SECURE=false ARGO_HTTP1=true
argo list -n n -o name
echo second | sudo tee {FOLDER}/token >/dev/null
argo list -n n -o name
END
grep -i -e fatal -e error -e sudo: -e found shell.log >&2
"""
"""The kubelet replaces the token's file before the token runs out, with an hour for a start."""


@pytest.mark.requirement("TOOL-argo-runs")
@pytest.mark.feature("python")
@pytest.mark.feature("sudo")
def test_argo_in_an_old_terminal_sends_the_new_token(container: Container) -> None:
    done = container.run(SCRIPT)
    seen = done.stdout.split()
    assert len(seen) == CALLS, (
        f"argo: sends its token to a server {len(seen)} times of {CALLS} ({last_line(done.stderr)}): {REBUILD}"
    )
    assert seen == ["first", "second"], (
        f"argo: in a terminal that is older than the account's token it sends {seen}, not first and then second: let "
        f"/usr/local/bin/argo read {FOLDER}/token at each call"
    )
