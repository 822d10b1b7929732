"""Reads request targets as Python does. Input: one target per line. Output: for each line the possible paths, as JSON."""

import io
import json
import posixpath
import re
import sys
from urllib.parse import unquote, urljoin, urlsplit
from wsgiref.simple_server import WSGIRequestHandler


class Server:
    base_environ = {}


class Reader(WSGIRequestHandler):
    """Python's own WSGI server with a single request. It opens no port and sends no answer."""

    def __init__(self, target):
        self.client_address = ('127.0.0.1', 0)
        self.server = Server
        self.rfile = io.BytesIO(b'GET ' + target + b' HTTP/1.1\r\nHost: service\r\n\r\n')
        self.wfile = io.BytesIO()
        self.raw_requestline = self.rfile.readline()
        self.is_request = self.parse_request()

    def log_message(self, *_):
        pass


def paths_of(target):
    reader = Reader(target)
    if not reader.is_request:
        return []
    path = reader.get_environ()['PATH_INFO']
    joined = urlsplit(urljoin('http://service/', target.decode('latin-1'))).path
    # Unchanged (Django, Flask), as a file (static files), without doubled slashes (Werkzeug's router), as a link for
    # urllib.
    return [path, posixpath.normpath(path), re.sub('/+', '/', path), unquote(joined, 'latin-1')]


for line in sys.stdin.buffer:
    print(json.dumps(paths_of(line.rstrip(b'\n'))))
