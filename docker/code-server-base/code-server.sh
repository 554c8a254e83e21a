#!/bin/sh
# Starts code-server with the Node.js that its native modules were built for.
exec /usr/lib/code-server/lib/node /usr/lib/code-server "$@"
