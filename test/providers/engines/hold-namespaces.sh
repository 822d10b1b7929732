#!/bin/sh
# Makes the namespaces of an engine. When standard input ends, the kernel kills all processes in these namespaces: the
# engine's service, helpers and containers. A crash of the test's process also ends standard input.
# Arguments: folder of the engine, name of its cgroups, unpacked packages, data folder. Prints `ready`.
set -e

# First in the machine's namespaces: a cgroup in each hierarchy, which becomes the root of the cgroup namespace.
if [ "$1" != inside ]; then
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -L "$hierarchy" ] && continue
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy/$2"
    if [ -e "$hierarchy/cpuset.cpus" ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$hierarchy/$file" > "$hierarchy/$2/$file"; done
    fi
    echo $$ > "$hierarchy/$2/cgroup.procs"
  done
  exec unshare --net --mount --pid --ipc --uts --cgroup --fork --kill-child --propagation private sh "$0" inside "$@"
fi

shift
state=$1 cgroup=$2 packages=$3 data=$4
root=$state/root
mkdir -p "$root" "$state/changes"
mount -t tmpfs tmpfs "$state/changes"
mkdir "$state/changes/upper" "$state/changes/work"
layers=$state/config:$packages
mount -t overlay -o "lowerdir=$layers,upperdir=$state/changes/upper,workdir=$state/changes/work" overlay "$root"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/var/tmp" "$root/var/lib/engine"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$data" "$root/var/lib/engine"
mkdir -p "$root$state/shared"
mount --bind "$state/shared" "$root$state/shared"

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount --bind "/sys/fs/cgroup/$cgroup" "$root/sys/fs/cgroup"
  # With cgroups v2, a cgroup with processes can't pass controllers on.
  mkdir -p "$root/sys/fs/cgroup/init"
  while read -r pid; do echo "$pid" > "$root/sys/fs/cgroup/init/cgroup.procs" || true; done < "$root/sys/fs/cgroup/cgroup.procs"
else
  # Without the hierarchy `unified`: crun refuses a mix of both versions.
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  for hierarchy in /sys/fs/cgroup/*; do
    name=${hierarchy##*/}
    if [ -L "$hierarchy" ]; then
      ln -s "$(readlink "$hierarchy")" "$root/sys/fs/cgroup/$name"
    elif [ -e "$hierarchy/cgroup.procs" ] && [ "$name" != unified ]; then
      mkdir "$root/sys/fs/cgroup/$name"
      mount --bind "$hierarchy/$cgroup" "$root/sys/fs/cgroup/$name"
    fi
  done
fi

# Not chroot: with it, a program that enters a container would find the machine's files.
mkdir "$root/run/machine"
cd "$root"
pivot_root . run/machine
umount -l /run/machine
ip link set lo up
# A shell waits for its child, and so also collects the engine's orphans.
exec /bin/sh -c 'echo ready && cat > /dev/null; exit'
