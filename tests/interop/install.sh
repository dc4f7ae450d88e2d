#!/bin/sh
# Install the client stacks of the interop suite. Idempotent: what is there is left alone.
#
#   install.sh        everything, for the kits an Asterisk and the oldest interpreters too; Debian's packages need root
#   install.sh user   what needs no root: npm's stacks, into the folder below
#
# zeep, suds and xsdata come with `pip install -e .[test]`; curl is part of every system that runs this.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${INTEROP_CACHE:-$here/../../var/interop}

# Package and what of it is used: the list is the one place that says what a fresh machine needs.
packages="
curl
php-cli
php-soap
gsoap
libgsoap-dev
gcc
libc6-dev
default-jdk-headless
jaxws
libaxis-java
libkdsoap-dev
libkdsoap-bin
qtbase5-dev
g++
mono-devel
mono-mcs
libsoap-lite-perl
libsoap-wsdl-perl
lua-soap
tclws
ruby-soap4r
ruby-httpclient
npm
lua5.1
lua5.2
lua5.3
lua5.4
sip-tester
"

install_debian() {
    missing=
    for package in $packages; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            case "$package" in
                # One from elsewhere serves as well as Debian's.
                default-jdk-headless) command -v javac >/dev/null || missing="$missing $package" ;;
                npm) command -v npm >/dev/null || missing="$missing nodejs npm" ;;
                *) missing="$missing $package" ;;
            esac
        fi
    done
    if [ -z "$missing" ]; then
        return
    fi
    echo "installing:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

install_node() {
    if ! command -v npm >/dev/null; then
        echo "install.sh: there is no npm, so no node stacks" >&2
        exit 1
    fi
    mkdir -p "$cache/node"
    if ! cmp -s "$here/clients/package.json" "$cache/node/package.json"; then
        cp "$here/clients/package.json" "$here/clients/package-lock.json" "$cache/node/"
        rm -rf "$cache/node/node_modules"
    fi
    if [ ! -d "$cache/node/node_modules/soap" ]; then
        (cd "$cache/node" && npm ci --silent --no-audit --no-fund)
    fi
}

case "${1:-all}" in
    user) install_node ;;
    all)
        install_debian
        install_node
        "$here/../examples/asterisk/fetch.sh" "$cache/asterisk"
        "$here/../examples/old/fetch.sh" "$cache/old"
        ;;
    *) echo "usage: install.sh [user]" >&2; exit 2 ;;
esac
