#!/bin/sh
# Have nginx and HAProxy for the tests of deploy/: installed ones, else Debian's. Fails with a sentence.
set -u
PATH=$PATH:/usr/sbin
has() { command -v nginx >/dev/null && command -v haproxy >/dev/null; }
has && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing Debian's nginx and haproxy for the tests of deploy/" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nginx-light haproxy; } >&2
    has && exit 0
fi
echo "The tests of deploy/ need nginx and haproxy: apt-get install nginx-light haproxy" >&2
exit 1
