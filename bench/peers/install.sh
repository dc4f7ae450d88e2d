#!/bin/sh
# install.sh [PEER...]: install what the peers need, all of them by default; again is harmless.
# Debian packages need root; PyPI and npm packages go under $BENCH_CACHE/peers (default var/bench/peers).
# PYTHON (python3) is the interpreter of the Python peers: use the one that runs the service.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${BENCH_CACHE:-$here/../../var/bench}/peers
[ $# -gt 0 ] || set -- spyne_orm gsoap go node_soap jaxws pysimplesoap php
mkdir -p "$cache"

debian() {
    missing=
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    # shellcheck disable=SC2086
    [ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
}

python() {
    [ -x "$cache/venv/bin/pip" ] || "${PYTHON:-python3}" -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

for peer; do
    echo "$peer" >&2
    case $peer in
    # spyne 2.14.0 carries a six that Python 3.12 refuses; the service's spyne_compat needs PyPI's.
    spyne_orm) python spyne==2.14.0 'SQLAlchemy>=2' 'psycopg[binary]' lxml six 'legacy-cgi; python_version >= "3.13"' 'gunicorn[gevent]' ;;
    pysimplesoap) python PySimpleSOAP==1.16.2 gunicorn 'legacy-cgi; python_version >= "3.13"' ;;
    gsoap) debian gcc libc6-dev gsoap libgsoap-dev libsqlite3-dev ;;
    # Libraries from Debian too: no module is downloaded.
    go) debian gcc libc6-dev golang-go golang-github-mattn-go-sqlite3-dev golang-github-jackc-pgx-v4-dev libsqlite3-dev ;;
    jaxws) debian openjdk-17-jdk-headless jaxws libxerial-sqlite-jdbc-java ;;
    php) debian php8.2-fpm php8.2-soap php8.2-sqlite3 nginx ;;
    node_soap)
        command -v node >/dev/null && command -v npm >/dev/null || debian nodejs npm
        mkdir -p "$cache/node_soap"
        cp "$here/node_soap/package.json" "$cache/node_soap/package.json"
        # npm downloads better-sqlite3's binary or compiles it (gcc, make, python3: a minute), with the headers that
        # lie beside node if they do.
        prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
        [ ! -e "$prefix/include/node/node.h" ] || export npm_config_nodedir="$prefix"
        (cd "$cache/node_soap" && npm install --silent --no-audit --no-fund)
        ;;
    *) echo "no such peer: $peer" >&2; exit 2 ;;
    esac
done
