#!/bin/sh
# Build what is handed out of a commit, the same to the byte wherever and whenever it is built.
#
#   release.sh wheel COMMIT FOLDER    the wheel; its files have the time of the commit
#   release.sh sbom COMMIT FOLDER     what is installed with it, by requirements/service.txt: CycloneDX, JSON
#
# $TOOLS is a virtual environment with requirements/release.txt, as `make release` has it.
set -eu
umask 022
root=$(cd "$(dirname "$0")/.." && pwd)
what=$1 commit=$(git -C "$root" rev-parse "$2^{commit}") folder=$3
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
git -C "$root" archive "$commit" | tar -x -C "$work/source" --no-same-permissions
case $what in
wheel)
    "$TOOLS/bin/python" -m pip wheel -q --no-deps --no-build-isolation --no-cache-dir -w "$folder" "$work/source"
    ;;
sbom)
    "$TOOLS/bin/python" -m venv --without-pip "$work/installed"
    install="$TOOLS/bin/python -m pip --python $work/installed/bin/python install -q --no-compile"
    $install --require-hashes -r "$work/source/requirements/service.txt"
    $install --no-deps "$folder"/soap_service-*.whl
    "$TOOLS/bin/cyclonedx-py" environment --output-reproducible --of JSON \
        -o "$folder/soap_service.cdx.json" "$work/installed/bin/python"
    ;;
esac
