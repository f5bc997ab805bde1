# A small Debian with its own systemd, for systemd.sh: an overlay over a cached root,
# booted by systemd-nspawn without a network, gone afterwards. Sourced, not run.
#
# machine_missing  prints why there can be no machine here; nothing where there can
# machine_up       makes and boots it; sets machine_pid, its first process
# machine          runs a command in it; machine_as USER runs it as that user
# machine_down     stops it and removes what it left

suite=${RENEWD_TEST_SUITE:-bookworm}
cache=${RENEWD_TEST_CACHE:-/var/tmp/renewd-test-root}
packages=systemd,systemd-sysv,dbus,sqlite3,procps,init-system-helpers

machine_dir=
machine_pid=
nspawn_pid=

machine_missing() {
	((EUID == 0)) || { echo "this needs root"; return; }
	local tool
	for tool in debootstrap systemd-nspawn nsenter setpriv dpkg-deb curl; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed"; return; }
	done
	[[ -d /sys/fs/cgroup/systemd || -e /sys/fs/cgroup/cgroup.controllers ]] ||
		echo "no cgroup hierarchy is mounted, without which no systemd boots"
}

# make_root fills the cache, once. Two runs at a time wait for each other.
make_root() {
	local root=$cache/$suite
	mkdir -p "$cache"
	(
		flock 9
		[[ ! -d $root ]] || exit 0
		echo "making a $suite root in $root, once" >&2
		rm -rf "$root.new"
		debootstrap --variant=minbase --include="$packages" "$suite" "$root.new" >"$cache/$suite.log" 2>&1 || {
			echo "debootstrap failed:" >&2
			tail -n 5 "$cache/$suite.log" >&2
			exit 1
		}
		# A policy that forbids to start services, left by whoever built it, would
		# make the package's scripts untestable.
		rm -f "$root.new/usr/sbin/policy-rc.d"
		rm -rf "$root.new"/var/cache/apt/archives/*.deb "$root.new/etc/machine-id"
		mv "$root.new" "$root"
	) 9>"$cache/$suite.lock"
}

machine_up() {
	make_root || return 1
	machine_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/renewd-test.XXXXXX")
	mkdir "$machine_dir"/{upper,work,root}
	if ! mount -t overlay overlay -o "lowerdir=$cache/$suite,upperdir=$machine_dir/upper,workdir=$machine_dir/work" "$machine_dir/root" 2>/dev/null; then
		cp -a "$cache/$suite/." "$machine_dir/root/" || return 1
	fi
	# An identity of its own, so that it is no copy of the cached one.
	tr -d - </proc/sys/kernel/random/uuid >"$machine_dir/root/etc/machine-id"
	# --register=no --keep-unit: the machine around it may have no systemd at all.
	setsid systemd-nspawn -D "$machine_dir/root" --register=no --keep-unit --private-network -M "renewd-test-$$" --boot \
		</dev/null >"$machine_dir/console" 2>&1 &
	nspawn_pid=$!
	local i
	for ((i = 0; i < 150; i++)); do
		machine_pid=$(pgrep -P "$nspawn_pid" -f systemd 2>/dev/null | head -n 1)
		if [[ -n $machine_pid ]]; then
			case $(machine systemctl is-system-running 2>/dev/null) in
			running | degraded) return 0 ;;
			esac
		fi
		kill -0 "$nspawn_pid" 2>/dev/null || break
		sleep 0.2
	done
	echo "systemd did not come up; the end of its console:" >&2
	tail -n 10 "$machine_dir/console" >&2
	return 1
}

machine() {
	nsenter -t "$machine_pid" -m -u -i -n -p -C env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 "$@" </dev/null
}

machine_as() {
	local user=$1
	shift
	machine runuser -u "$user" -- "$@"
}

# put PATH writes its standard input to a file of the machine.
put() {
	cat >"$machine_dir/root$1"
}

# fetch is curl on the machine's own loopback, with the tools of this one.
fetch() {
	nsenter -t "$machine_pid" -n curl --silent --show-error --max-time 30 "$@" </dev/null
}

machine_down() {
	local i
	if [[ -n $nspawn_pid ]] && kill -0 "$nspawn_pid" 2>/dev/null; then
		# SIGTERM asks its systemd to power off.
		kill -TERM "$nspawn_pid"
		for ((i = 0; i < 100; i++)); do
			kill -0 "$nspawn_pid" 2>/dev/null || break
			sleep 0.2
		done
		kill -KILL "$nspawn_pid" 2>/dev/null
		wait "$nspawn_pid" 2>/dev/null
	fi
	if [[ -n $machine_dir ]]; then
		mountpoint -q "$machine_dir/root" && umount "$machine_dir/root"
		rm -rf "$machine_dir"
	fi
	nspawn_pid= machine_dir=
	return 0
}
