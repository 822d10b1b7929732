"""Answers as the backend's stand-in does (../backend/server.mjs), as far as load tests ask."""

import json
import socket
import time
import urllib.parse

HOST = socket.gethostname()


def answer(environ, start_response):
    """The WSGI application."""
    body = environ["wsgi.input"].read()
    path = environ["PATH_INFO"]
    query = urllib.parse.parse_qs(environ["QUERY_STRING"])
    time.sleep(int(query.get("delay_ms", ["0"])[0]) / 1000)
    if path == "/__lbheartbeat__":
        status, words = "200 OK", {}
    elif environ.get("HTTP_X_FORWARDED_PROTO") != "https":
        status, words = "301 Moved Permanently", {}
    elif environ["REQUEST_METHOD"] == "POST":
        status, words = "200 OK", {"backend": HOST, "bytes": len(body)}
    else:
        status, words = "200 OK", {"backend": HOST}
    payload = json.dumps(words).encode()
    start_response(
        status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(payload))),
            ("X-Seen-Uri", environ["RAW_URI"]),
            ("X-Backend-Host", HOST),
        ],
    )
    return [payload]
