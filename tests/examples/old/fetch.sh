#!/bin/sh
# Put the oldest PHP, Java, Node, Python and curl that a Debian suite on the mirrors still carries into a folder.
#
#   fetch.sh FOLDER
#
# They are bullseye's, unpacked; FOLDER/bin has a command for each. NuSOAP and zeep are that suite's too, node's soap is
# the last one for Node 12. libc is this machine's: a newer one runs what was built for an older. About 550 MB.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
root=$folder/root
[ -e "$folder/complete" ] && exit 0

rm -rf "$root" "$folder/bin" "$folder/node"
WITHOUT=libc6 "$here/../unpack.sh" "$root" bullseye \
    php7.4-cli php7.4-soap php7.4-xml libnusoap-php openjdk-11-jdk-headless nodejs python3.9 python3-zeep curl

mkdir -p "$folder/node"
cp "$here/package.json" "$here/package-lock.json" "$folder/node/"
(cd "$folder/node" && npm ci --silent --no-audit --no-fund)

mkdir -p "$folder/bin"
command_for() { # NAME COMMAND...: the libraries are for this command alone, not for what it was started by
    {
        echo '#!/bin/sh'
        echo "export LD_LIBRARY_PATH=$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu"
        echo "exec $2 \"\$@\""
    } > "$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
command_for curl "$root/usr/bin/curl"
command_for java "$root/usr/lib/jvm/java-11-openjdk-amd64/bin/java"
command_for node "env NODE_PATH=$folder/node/node_modules $root/usr/bin/node"
extensions="-d extension_dir=$root/usr/lib/php/20190902 -d extension=json -d extension=xml -d extension=soap"
command_for php "$root/usr/bin/php7.4 -n $extensions -d include_path=$root/usr/share/php"
command_for python3 "env PYTHONHOME=$root/usr PYTHONDONTWRITEBYTECODE=1 $root/usr/bin/python3.9"

"$folder/bin/curl" --version | head -n 1
"$folder/bin/java" --version | head -n 1
"$folder/bin/node" -p '`node ${process.version}, soap ${require("soap/package.json").version}`'
"$folder/bin/php" -r 'require "nusoap/nusoap.php"; echo "php ", PHP_VERSION, "\n";'
"$folder/bin/python3" -c 'import sys, zeep; print("python", sys.version.split()[0], "zeep", zeep.__version__)'
touch "$folder/complete"
