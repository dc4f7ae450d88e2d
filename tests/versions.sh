#!/bin/sh
# Run the test suite on every Python that is had here, each in an environment of its own, and print one line for each.
#
#   versions.sh [PYTEST ARGUMENT...]
#
# A Python is looked for among pyenv's and on the PATH; 3.14 is otherwise unpacked from Debian sid. A missing one is
# named, and does not fail the run. VERSIONS="3.13 3.14" runs only those.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/var/versions
mkdir -p "$folder"
failed=0
summary=

for version in ${VERSIONS:-3.11 3.12 3.13 3.14}; do
    python=$(ls -d "$HOME"/.pyenv/versions/"$version".*/bin/python 2>/dev/null | tail -n 1)
    [ -n "$python" ] || python=$(command -v "python$version")
    if [ -z "$python" ] && [ "$version" = 3.14 ] && "$root/tests/fetch-python.sh" "$folder/python3.14"; then
        python=$folder/python3.14/root/usr/bin/python3.14
    fi
    if [ -z "$python" ]; then
        summary="$summary$version  not run: there is no Python $version here
"
        continue
    fi
    environment=$folder/venv-$version
    # Debian's ensurepip looks for its wheels in /usr/share, so another Python's pip fills the environment.
    if ! "$python" -m venv --without-pip "$environment" || ! (cd "$root" \
        && python3 -m pip --python "$environment/bin/python" install -qq --disable-pip-version-check -e '.[test,dev]'); then
        summary="$summary$version  could not be installed
"
        failed=1
        continue
    fi
    result=$(cd "$root" && nice "$environment/bin/python" -m pytest -p no:cacheprovider "$@" 2>&1)
    [ $? -eq 0 ] || { failed=1; echo "$result"; }
    summary="$summary$("$environment/bin/python" -V | cut -d' ' -f2)  $(echo "$result" | tail -n 1)
"
done
printf '%s' "$summary"
exit $failed
