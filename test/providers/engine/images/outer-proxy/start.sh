#!/bin/sh
set -e
sed "s/FRONTEND_HOST/${FRONTEND_HOST:-frontend}/; s/FRONTEND_PORT/${FRONTEND_PORT:-8083}/; s/CLIENT_PROTO/${CLIENT_PROTO:-https}/" \
  /etc/nginx/nginx.conf.template > /etc/nginx/nginx.conf
exec nginx -g 'daemon off;'
