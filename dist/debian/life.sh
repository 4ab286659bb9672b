#!/bin/sh
# The life of the package in a clean Debian; `cargo xtask dist --check` runs it there, as root.
set -eu

fail() {
    echo "life.sh: $1" >&2
    exit 1
}

# Installed and in use, by the clock.
begin=$(date +%s%N)
dpkg --install /first.deb
export ROAMD_STORE=http://127.0.0.1:18080/Citrix/Store ROAMD_USER='DEMO\alice'
export ROAMD_PASSWORD=roam-demo
roamd demo --listen 127.0.0.1:18080 >/demo.log 2>&1 &
demo=$!
until grep -q '^ready ' /demo.log; do
    kill -0 $demo || fail "the demo ended: $(cat /demo.log)"
    sleep 0.05
done
roamd sessions list | grep Excel || fail 'the demo lists no session'
end=$(date +%s%N)
echo "From the installation to the first list: $(((end - begin) / 1000000)) ms"
kill $demo
wait $demo || fail 'the demo did not stop'

# The files of the package.
getent passwd roamd >/dev/null || fail 'there is no user roamd'
test "$(stat -c '%a %U:%G' /etc/roamd/private)" = '750 root:roamd' || fail '/etc/roamd/private'
roamd config check /etc/roamd/roamd.toml || fail 'the sample is not valid'
systemd-analyze verify /usr/lib/systemd/system/roamd.service || fail 'the unit is not valid'
test -e /usr/share/man/man1/roamd.1.gz || fail 'there is no manual page'

# A server of the configuration, on a port that is free, with a backup that is restored after the end of the package.
sed --in-place 's/127.0.0.1:8080/127.0.0.1:18081/' /etc/roamd/roamd.toml
roamd serve >/serve.log 2>&1 &
server=$!
until test -e /var/lib/roamd/state.db && roamd status >/dev/null 2>&1; do
    kill -0 $server || fail "the server ended: $(cat /serve.log)"
    sleep 0.05
done
export ROAMD_PASSPHRASE='correct horse battery'
roamd backup /first.backup
kill $server
wait $server || fail 'the server did not stop'
keys=$(sha256sum /var/lib/roamd/keys)

# Upgraded: the changed configuration and the keys stay.
echo '# changed' >>/etc/roamd/roamd.toml
dpkg --install /later.deb
tail -n 1 /etc/roamd/roamd.toml | grep -q '# changed' || fail 'the configuration was replaced'
test "$(sha256sum /var/lib/roamd/keys)" = "$keys" || fail 'the keys were replaced'

# Removed: configuration and data stay.
dpkg --remove roamd
test ! -e /usr/bin/roamd || fail 'the program was not removed'
test -e /etc/roamd/roamd.toml || fail 'the configuration was removed'
test -e /var/lib/roamd/keys || fail 'the keys were removed'

# Purged: nothing stays.
dpkg --purge roamd
for path in /etc/roamd /var/lib/roamd /var/lib/private/roamd; do
    test ! -e $path || fail "$path was not purged"
done

# Restored on a machine that has nothing but the package.
dpkg --install /later.deb
rm /etc/roamd/roamd.toml
roamd restore /first.backup
test "$(sha256sum /var/lib/roamd/keys)" = "$keys" || fail 'the keys were not restored'
echo 'The package was installed, used, upgraded, removed, purged and restored.'
