#!/bin/sh
# `docker run image script.js` and `docker run image --flag` mean node, as in the real image.
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- node "$@"; fi
exec "$@"
