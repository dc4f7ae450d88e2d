#!/bin/sh
# Put a real Asterisk into a folder of the project's own, from the Debian suite that has one; needs no root.
#
#   fetch.sh FOLDER
#
# Bookworm has no Asterisk: bullseye (16) has, and sid (22) is asked where bullseye is gone. The packages and all
# libraries they need, libc too, are only unpacked; FOLDER/asterisk runs it with its own loader. About 240 MB.
set -eu

folder=$(mkdir -p "$1" && cd "$1" && pwd)
[ -x "$folder/asterisk" ] && exit 0

mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/root"
: > "$folder/apt/status"
cat > "$folder/apt/apt.conf" <<END
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$folder/apt/lists";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
Debug::NoLocking "true";
END
APT_CONFIG=$folder/apt/apt.conf
export APT_CONFIG

for suite in bullseye sid; do
    echo "deb http://deb.debian.org/debian $suite main" > "$folder/apt/sources.list"
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends --download-only \
        asterisk asterisk-core-sounds-en-gsm > /dev/null; then
        break
    fi
    rm -f "$folder"/apt/cache/archives/*.deb
done
for package in "$folder"/apt/cache/archives/*.deb; do
    dpkg -x "$package" "$folder/root"
done
rm -rf "$folder/apt"

root=$folder/root
libraries=$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu:$root/usr/lib
loader=$(find "$root" -name 'ld-linux-x86-64.so.2' -path '*/lib/x86_64-linux-gnu/*' | head -n 1)
cat > "$folder/asterisk.new" <<END
#!/bin/sh
exec "$loader" --library-path "$libraries" "$root/usr/sbin/asterisk" "\$@"
END
chmod +x "$folder/asterisk.new"
"$folder/asterisk.new" -V
mv "$folder/asterisk.new" "$folder/asterisk"
