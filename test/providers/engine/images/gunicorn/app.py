"""Gives the answers of the backend's stand-in (../backend/server.mjs) that load tests need."""

import json
import socket
import time
import urllib.parse

HOST = socket.gethostname()


def answer(environ, start_response):
    """The WSGI application."""
    body = environ["wsgi.input"].read()
    time.sleep(delay_seconds(environ["QUERY_STRING"]))
    status, headers, payload = respond(
        environ["REQUEST_METHOD"],
        environ["RAW_URI"],
        environ.get("HTTP_X_FORWARDED_PROTO"),
        len(body),
    )
    start_response(status, headers)
    return [payload]


def delay_seconds(query):
    """The delay that the client asks for."""
    return int(urllib.parse.parse_qs(query).get("delay_ms", ["0"])[0]) / 1000


def respond(method, uri, forwarded_proto, body_bytes):
    """Status, headers and body of the answer."""
    if uri.partition("?")[0] == "/__lbheartbeat__":
        status, words = "200 OK", {}
    elif forwarded_proto != "https":
        status, words = "301 Moved Permanently", {}
    elif method == "POST":
        status, words = "200 OK", {"backend": HOST, "bytes": body_bytes}
    else:
        status, words = "200 OK", {"backend": HOST}
    payload = json.dumps(words).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(payload))),
        ("X-Seen-Uri", uri),
        ("X-Backend-Host", HOST),
    ]
    return status, headers, payload
