#!/bin/sh
# The life of a package on a machine with systemd: installed, used, upgraded, removed and restored.
#
#   life.sh deb|rpm
#
# `cargo xtask dist --check` runs it as root in a clean Debian, with the package and a later version
# of it in the folder of this script.
set -eu
format=$1
packages=$(dirname "$0")
exec >"$packages/$format.log" 2>&1

fail() {
    echo "life.sh: $1"
    systemctl --no-pager status roamd || true
    journalctl --no-pager --lines=50 --unit=roamd || true
    exit 1
}

# Debian has no rpm for systemd and kill, so their names are not known to its rpm.
install_package() {
    case $format in
        deb) dpkg --install "$packages/$1.deb" ;;
        rpm) rpm --upgrade --nodeps "$packages/$1.rpm" ;;
    esac
}

remove_package() {
    case $format in
        deb) dpkg --remove roamd ;;
        rpm) rpm --erase roamd ;;
    esac
}

# The address is that of the configuration below.
list_sessions() {
    ROAMD_PASSWORD=roam-demo roamd sessions list --store http://127.0.0.1:8080/Citrix/Store \
        --user 'DEMO\alice'
}

main_process() {
    systemctl show --property=MainPID --value roamd
}

# Configured as an administrator does it, and in use, by the clock. The embedded farm takes the
# place of a controller, and is not part of the time.
begin=$(date +%s%N)
install_package first
end=$(date +%s%N)
installation=$((end - begin))
roamd config check /etc/roamd/roamd.toml || fail 'the sample is not valid'
roamd farm init --data /world
roamd farm serve --data /world --farm CVAD --listen 127.0.0.1:18080 >/farm.log 2>&1 &
until grep -q '^ready ' /farm.log; do sleep 0.05; done
begin=$(date +%s%N)
cat >/etc/roamd/roamd.toml <<'END'
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
systemctl enable --now roamd || fail 'the service does not start'
list_sessions | grep Excel || fail 'the service lists no session'
end=$(date +%s%N)
echo "From the installation to the first list: $(((installation + end - begin) / 1000000)) ms"

# The files of the package, and the user of the service.
systemd-analyze verify /usr/lib/systemd/system/roamd.service || fail 'the unit is not valid'
systemd-analyze security --no-pager --threshold=15 roamd | tail -n 1
test -e /usr/share/man/man1/roamd.1.gz || fail 'there is no manual page'
test "$(stat -c '%a %U:%G' /etc/roamd/private)" = '750 root:roamd' || fail '/etc/roamd/private'
test "$(stat -c '%U' "/proc/$(main_process)")" = roamd || fail 'the user of the service'
test "$(stat -c '%a %U' /var/lib/roamd/keys)" = '600 roamd' || fail '/var/lib/roamd/keys'
roamd healthcheck || fail 'the service is not ready'

# Reloaded and stopped by the unit.
process=$(main_process)
systemctl reload roamd || fail 'the service does not reload'
test "$(main_process)" = "$process" || fail 'the reload was a restart'
export ROAMD_PASSPHRASE='correct horse battery'
roamd backup /first.backup
keys=$(sha256sum /var/lib/roamd/keys)

# Upgraded: the service runs the new program, and the changed configuration and the keys stay.
install_package later
systemctl is-active roamd || fail 'the upgrade stopped the service'
test "$(main_process)" != "$process" || fail 'the upgrade did not restart the service'
test "$(readlink "/proc/$(main_process)/exe")" = /usr/bin/roamd || fail 'the old program runs'
grep -q 127.0.0.1:18080 /etc/roamd/roamd.toml || fail 'the configuration was replaced'
test "$(sha256sum /var/lib/roamd/keys)" = "$keys" || fail 'the keys were replaced'
list_sessions | grep Excel || fail 'the upgraded service lists no session'

# Removed: the service stops, configuration and data stay.
process=$(main_process)
remove_package
test ! -e /usr/bin/roamd || fail 'the program was not removed'
test ! -e "/proc/$process" || fail 'the service was not stopped'
if systemctl is-active roamd; then fail 'the service was not stopped'; fi
test -e /etc/roamd/roamd.toml || test -e /etc/roamd/roamd.toml.rpmsave ||
    fail 'the configuration was removed'
test -e /var/lib/roamd/keys || fail 'the keys were removed'

# Purged: nothing stays. Without a purge, as docs/installing.md says.
case $format in
    deb) dpkg --purge roamd ;;
    rpm) rm -r /etc/roamd /var/lib/private/roamd /var/lib/roamd ;;
esac
for path in /etc/roamd /var/lib/roamd /var/lib/private/roamd; do
    test ! -e $path || fail "$path was not purged"
done
if systemctl is-enabled roamd; then fail 'the service is still enabled'; fi

# Restored on a machine that has nothing but the package.
install_package later
rm /etc/roamd/roamd.toml
roamd restore /first.backup
test "$(sha256sum /var/lib/roamd/keys)" = "$keys" || fail 'the keys were not restored'
systemctl enable --now roamd || fail 'the restored service does not start'
list_sessions | grep Excel || fail 'the restored service lists no session'
echo 'The package was installed, used, upgraded, removed, purged and restored.'
