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

for suite in bullseye sid; do
    "$(dirname "$0")/../unpack.sh" "$folder/root" "$suite" asterisk asterisk-core-sounds-en-gsm && break
done

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
