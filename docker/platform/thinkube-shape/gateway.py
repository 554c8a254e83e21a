"""A gateway with external authorisation: each request is passed on where the log-in's answer to it is 2xx."""

import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOGIN, EDITOR = ("oauth2-proxy", 80), ("code-server", 8080)


class Gateway(BaseHTTPRequestHandler):
    """Answers one visitor."""

    def do_GET(self) -> None:
        """Pass a request on to the log-in or to the editor."""
        place = LOGIN
        if not self.path.startswith("/oauth2"):
            if self._ask(LOGIN, "/oauth2/auth").status >= 300:
                self.send_response(302)
                self.send_header("Location", "/oauth2/start?rd=/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            place = EDITOR
        answer = self._ask(place, self.path)
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ask(self, place: tuple[str, int], path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(*place, timeout=10)
        kept = {name: value for name, value in self.headers.items() if name.lower() in {"cookie", "accept"}}
        connection.request("GET", path, headers=kept | {"X-Forwarded-Host": self.headers.get("Host", "")})
        return connection.getresponse()


ThreadingHTTPServer(("", 8000), Gateway).serve_forever()
