#!/bin/bash
# The real test of the package and its units: installs the .deb in a small Debian
# that is booted under systemd-nspawn, and looks at what systemd does with renewd.
#
#   sudo test/systemd.sh
#
# One line a check, "ok: …" or "FAILED: …"; "skipped: …" says what this machine cannot
# show, and why. Exit code 0: nothing failed; 1: something did; 77: no check could
# be made here at all. It takes about five minutes, the first time one or two more.
#
#   RENEWD_BINARY      the program to pack (default: built from this checkout)
#   RENEWD_TEST_CACHE  where the root is kept (default /var/tmp/renewd-test-root)
#   RENEWD_TEST_SUITE  the Debian to boot (default bookworm, which has systemd 252)
#   RENEWD_TEST_ONLY   only these checks, such as "install reload" (install is needed)
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.." || exit 1
# shellcheck source=test/systemd_machine.sh
source "$here/systemd_machine.sh"
# shellcheck source=test/systemd_checks.sh
source "$here/systemd_checks.sh"
# shellcheck source=test/systemd_package_checks.sh
source "$here/systemd_package_checks.sh"

failures=0
ok() { echo "ok: $*"; }
failed() {
	echo "FAILED: $*"
	failures=$((failures + 1))
}
skipped() { echo "skipped: $*"; }

# check TEXT COMMAND… is one check: the command's success. What it said is shown
# only when it fails.
check() {
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$text"
	else
		failed "$text"
		[[ -z $said ]] || tail -n 8 <<<"$said" | sed 's/^/    /'
	fi
}

# refuse TEXT COMMAND… is a check that the command fails.
refuse() {
	local text=$1
	shift
	check "$text" not "$@"
}
not() { ! "$@"; }

# within SECONDS COMMAND… waits until the command succeeds.
within() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.2
	done >/dev/null 2>&1
}

missing=$(machine_missing)
if [[ -n $missing ]]; then
	skipped "everything: $missing"
	exit 77
fi

work=$(mktemp -d)
finish() {
	machine_down
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

binary=${RENEWD_BINARY:-}
if [[ -z $binary ]]; then
	binary=$work/renewd
	CGO_ENABLED=0 go build -trimpath -o "$binary" ./cmd/renewd || exit 1
fi
for version in 1.0.0 1.0.1; do
	BINARY=$(realpath "$binary") VERSION=$version packaging/deb.sh "$work" >/dev/null || exit 1
done
debs=("$work"/renewd_1.0.0_*.deb "$work"/renewd_1.0.1_*.deb)

if ! machine_up; then
	failed "a $suite boots under systemd-nspawn"
	exit 1
fi
ok "a $suite boots under systemd-nspawn: $(machine systemctl --version | head -n 1)"
cp "${debs[@]}" "$machine_dir/root/root/"

for name in ${RENEWD_TEST_ONLY:-install no_configuration start inside credentials letter reload crash watchdog \
	broken_at_start sockets upgrade several stop leaks removal make_install}; do
	echo "== ${name//_/ }"
	"check_$name"
done
not_checked

if ((failures > 0)); then
	echo "$failures checks FAILED"
	exit 1
fi
echo "every check passed"
