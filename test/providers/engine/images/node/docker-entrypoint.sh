#!/bin/sh
# As in the real image, `docker run image script.js` and `docker run image --flag` run node.
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- node "$@"; fi
exec "$@"
