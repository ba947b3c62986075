# Boots systemd as process 1 of its own namespaces, on a layer above this root that is gone after.
# Called by machine.py: OWN is a directory, the others are mounted under /opt.
set -eu
root=$OWN/root
mount --make-rprivate /
mkdir -p "$OWN/layers" "$root"
mount -t tmpfs tmpfs "$OWN/layers"
mkdir "$OWN/layers/upper" "$OWN/layers/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$OWN/layers/upper,workdir=$OWN/layers/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
# Its own /tmp: systemd empties it at its start.
for place in run tmp var/lib var/log dev; do
  mount -t tmpfs -o mode=755 tmpfs "$root/$place"
done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/var/lib/systemd" "$root/var/log/journal"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mkdir -p "$root/opt/python" "$root/opt/site" "$root/opt/source" "$root/shared"
mount --bind "$PYTHON" "$root/opt/python"
mount --bind "$SITE" "$root/opt/site"
mount --bind "$SOURCE" "$root/opt/source"
mount --bind "$OWN/shared" "$root/shared"
cd "$root"
mkdir -p before
pivot_root . before
umount -l /before
# As systemd itself has it outside of containers: what it mounts for a service's credentials, it
# mounts in a namespace of its own first.
mount --make-rshared /
exec env -i container=test /lib/systemd/systemd --system --unit=basic.target \
  systemd.unified_cgroup_hierarchy=1
