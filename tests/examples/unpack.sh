#!/bin/sh
# Unpack packages of another Debian suite, with all they need, below a folder; needs no root and changes nothing else.
#
#   [WITHOUT=PACKAGE] unpack.sh FOLDER SUITE PACKAGE...
#
# Links to / lead into the folder afterwards, as they would in a root of its own. A suite that has left the mirrors is
# fetched from archive.debian.org. Fails when the suite lacks a package.
set -eu

root=$(mkdir -p "$1" && cd "$1" && pwd)
suite=$2
shift 2

apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: > "$apt/status"
cat > "$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
END
APT_CONFIG=$apt/apt.conf
export APT_CONFIG

download() { # ADDRESS PACKAGE...
    echo "deb $1 $suite main" > "$apt/sources.list"
    shift
    apt-get update -qq && apt-get install -y -qq --no-install-recommends --download-only "$@" > /dev/null
}

download http://deb.debian.org/debian "$@" || download http://archive.debian.org/debian "$@"
for package in "$apt"/cache/archives/*.deb; do
    case "$(basename "$package")" in
        "${WITHOUT:-none}"_*) ;;
        *) dpkg -x "$package" "$root" ;;
    esac
done
find "$root" -type l -lname '/*' | while read -r link; do
    ln -sfn "$root$(readlink "$link")" "$link"
done
