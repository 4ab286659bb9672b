#!/bin/sh
# Runs an image as a container does: as its user, on files that are read-only, with a volume at
# /var/lib/roamd, a configuration at /etc/roamd, and a network of its own.
#
#   run.sh FILES USER PROGRAM ARGUMENT…
#
# `cargo xtask dist --check` calls it as root, in namespaces of its own, with the unpacked files of
# the image and with the user and the command that the image names.
set -eu
files=$1
user=$2
program=$3
shift 3

fail() {
    echo "run.sh: $1" >&2
    exit 1
}

in_image() {
    chroot --userspec="$user" "$files" "$program" "$@"
}

configuration=$(mktemp --directory)
chmod 755 "$configuration"
cat >"$configuration/roamd.toml" <<'END'
listen   = "127.0.0.1:8080"
base_url = "http://127.0.0.1:8080"
data_dir = "/var/lib/roamd"

[[store]]
path = "/Citrix/Store"

[[store.farm]]
id = "CVAD"
name = "Farm3"
generation = "cvad-7"
controllers = ["http://127.0.0.1:18080"]
END

ip link set lo up
mount --bind "$files" "$files"
mount -o remount,bind,ro "$files"
if touch "$files/written" 2>/dev/null; then fail 'the files are not read-only'; fi
in_image version
in_image config check /etc/roamd/roamd.toml || fail 'the sample is not valid'

mount --bind "$configuration" "$files/etc/roamd"
mount -t tmpfs -o "mode=700,uid=${user%:*},gid=${user#*:}" tmpfs "$files/var/lib/roamd"
in_image farm init --data /var/lib/roamd/world
in_image farm serve --data /var/lib/roamd/world --farm CVAD --listen 127.0.0.1:18080 &
chroot --userspec="$user" "$files" "$program" "$@" &
server=$!
until in_image healthcheck; do
    kill -0 $server || fail 'the server ended'
    sleep 0.1
done
ROAMD_PASSWORD=roam-demo in_image sessions list --store http://127.0.0.1:8080/Citrix/Store \
    --user 'DEMO\alice' | grep Excel || fail 'the server lists no session'
kill $server
wait $server || fail 'the server did not stop'
echo 'The program of the image ran and served, and its health check passed.'
