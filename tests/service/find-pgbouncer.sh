#!/bin/sh
# Have PgBouncer for its tests: an installed one, else Debian's. Fails with a sentence.
PATH=$PATH:/usr/sbin
has() { command -v pgbouncer >/dev/null; }
has && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing Debian's pgbouncer for its tests" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends pgbouncer; } >&2
    has && exit 0
fi
echo "the tests of PgBouncer need it: apt-get install pgbouncer" >&2
exit 1
