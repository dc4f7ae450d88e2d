#!/bin/sh
# Put Python 3.14 into a folder of the project's own, from Debian sid; needs no root. The packages and the libraries
# they need, libc too, are only unpacked; FOLDER/root/usr/bin/python3.14 runs them with their own loader.
#
#   fetch-python.sh FOLDER
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
root=$folder/root
[ -x "$root/usr/bin/python3.14" ] && exit 0

"$here/examples/unpack.sh" "$root" sid python3.14 python3.14-venv libstdc++6

# The wrapper stands where the program stood: Python finds its library beside it, and environments made from it work.
libraries=$root/usr/lib/x86_64-linux-gnu
mv "$root/usr/bin/python3.14" "$root/usr/bin/python3.14.real"
cat > "$root/usr/bin/python3.14" <<END
#!/bin/sh
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" --argv0 "\$0" "$root/usr/bin/python3.14.real" "\$@"
END
chmod +x "$root/usr/bin/python3.14"
"$root/usr/bin/python3.14" -V
