#!/bin/sh
# Like nginx's own image: runs the executable scripts in /docker-entrypoint.d, then the command.
set -e
if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  for script in $(find /docker-entrypoint.d/ -follow -type f -name '*.sh' | sort -V); do
    if [ -x "$script" ]; then
      echo "$0: Launching $script" >&2
      "$script"
    else
      echo "$0: Ignoring $script, not executable" >&2
    fi
  done
  echo "$0: Configuration complete; ready for start up" >&2
fi
exec "$@"
