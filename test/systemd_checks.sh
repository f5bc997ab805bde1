# The checks of systemd.sh, one function a subject, in the order in which they run:
# each goes on with the machine as the one before has left it. Sourced, not run.

# What must never be seen in the journal.
secret=hunter2-$RANDOM$RANDOM
address=ana.$RANDOM@customers.example

property() { machine systemctl show "${2:-renewd}" -p "$1" --value; }
active() { [[ $(property ActiveState "$@") == active && $(property SubState "$@") == running ]]; }
healthy() { [[ $(fetch --max-time 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:${1:-8687}/healthz" 2>/dev/null) == 200 ]]; }
journal() { machine journalctl --no-pager -o cat "$@"; }
customers() { machine_as renewd sqlite3 -readonly /var/lib/renewd/renewd.db 'SELECT count(*) FROM customers'; }

# inside runs a command in the namespaces and with the user of the running daemon.
inside() {
	local pid uid
	pid=$(property MainPID)
	uid=$(machine id -u renewd)
	machine nsenter -t "$pid" -m -- setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"
}

# configuration STATE PUBLIC ADMIN prints a business that may write at any hour. The
# paths are absolute, so that commands find the daemon's data.
configuration() {
	cat <<-EOF
		database = "$1/renewd.db"

		[business]
		name = "Parc Aurore"
		from = "Parc Aurore <bonjour@parc-aurore.example>"
		reply_to = "accueil@parc-aurore.example"
		postal_address = "1 rue des Lilas, 69001 Lyon, France"
		time_zone = "Europe/Paris"
		staff = ["direction@parc-aurore.example"]

		[send]
		days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
		hours = "00:00-24:00"

		[web]
		public = "$2"
		admin = "$3"
		base_url = "https://renewals.parc-aurore.example"

		[[rule]]
		name = "annual-pass"
		kind = "pass"
		auto_renew = false
		before_end = ["P30D", "P7D"]
		template = "pass-renewal"
	EOF
}

check_install() {
	check "dpkg installs the package" machine dpkg -i "/root/$(basename "${debs[0]}")"
	check "systemd-sysusers made the user renewd" machine getent passwd renewd
	check "/var/lib/renewd is the user's alone" test "$(machine stat -c '%U:%G %a' /var/lib/renewd)" = "renewd:renewd 700"
	check "nothing is started or enabled by the installation" test \
		"$(property ActiveState) $(machine systemctl is-enabled renewd.service renewd.socket | tr '\n' ' ')" = "inactive disabled disabled "
	check "systemd-analyze verify has nothing to say" silent machine systemd-analyze verify \
		/usr/lib/systemd/system/renewd.service /usr/lib/systemd/system/renewd@.service \
		/usr/lib/systemd/system/renewd.socket /usr/lib/systemd/system/renewd-admin.socket
}

# silent succeeds when the command does, and prints nothing.
silent() {
	local said
	said=$("$@" 2>&1) && [[ -z $said ]] || {
		echo "$said"
		return 1
	}
}

check_no_configuration() {
	refuse "without a configuration the start fails" machine systemctl start renewd
	refused "without a configuration" renewd
	check "the journal names the file that is missing" grep -q /etc/renewd/config.toml <<<"$(journal -u renewd)"
}

# refused TEXT UNIT checks that the unit ended with 78 and stays down. It looks after
# RestartSec is over.
refused() {
	check "$1: exit code 78" test "$(property ExecMainStatus "$2")" = 78
	sleep 7
	check "$1: no restart (NRestarts=0, failed)" test "$(property NRestarts "$2") $(property ActiveState "$2")" = "0 failed"
	machine systemctl reset-failed "$2"
}

check_start() {
	configuration /var/lib/renewd 127.0.0.1:8686 127.0.0.1:8687 | put /etc/renewd/config.toml
	check "renewd check finds no error, as the service's user" machine_as renewd renewd check
	local begun=$SECONDS
	check "systemctl start returns when the daemon is ready" machine systemctl start renewd
	check "/healthz answers within 5 s of the start" within $((5 - SECONDS + begun > 0 ? 5 - SECONDS + begun : 1)) healthy
	check "the customers' listener answers" fetch -o /dev/null http://127.0.0.1:8686/
	check "no restart was needed" test "$(property NRestarts)" = 0
	check "the exposure of the running service is at most 1.5" exposed 1.5 renewd.service
	check "systemctl enable puts it into the boot" machine systemctl enable renewd
}

# exposed LIMIT UNIT checks what systemd-analyze security says of a loaded unit.
exposed() {
	local level
	level=$(machine systemd-analyze security "$2" | awk '/Overall exposure level/ { for (i = 1; i < NF; i++) if ($i ~ /:$/) print $(i + 1) }')
	echo "$2: $level"
	awk -v level="$level" -v limit="$1" 'BEGIN { exit !(level != "" && level + 0 <= limit + 0) }'
}

check_inside() {
	machine mkdir -p /home/someone
	machine chmod 755 /home/someone
	refuse "home is denied to it" inside ls /home
	refuse "/usr is read-only for it" inside touch /usr/bin/intruder
	check "the error is that of a read-only file system" grep -qi 'read-only' <<<"$(nsenter_root touch /usr/bin/intruder 2>&1)"
	refuse "its configuration is read-only for it" nsenter_root touch /etc/renewd/intruder
	check "its state directory is writable for it" inside sh -c 'touch /var/lib/renewd/trace && rm /var/lib/renewd/trace'
	check "other users' processes are invisible to it" inside sh -c '! test -e /proc/1/stat'
	local status
	status=$(machine cat "/proc/$(property MainPID)/status")
	check "no new privileges, a system call filter, no capability" test \
		"$(awk '/^(NoNewPrivs|Seccomp|CapBnd|CapEff):/ { printf "%s%s ", $1, $2 }' <<<"$status")" = \
		"CapEff:0000000000000000 CapBnd:0000000000000000 NoNewPrivs:1 Seccomp:2 "
	check "it runs as renewd, not as root" test "$(awk '/^Uid:/ { print $2 }' <<<"$status")" = "$(machine id -u renewd)"
}

# nsenter_root looks with root's rights through the daemon's mounts, so that only the
# mounts can refuse.
nsenter_root() { machine nsenter -t "$(property MainPID)" -m -- "$@"; }

check_credentials() {
	check "it started without any credential" active
	machine mkdir -p /etc/credstore
	(umask 077 && printf '%s\n' "$secret" | put /etc/credstore/renewd.smtp-password)
	check "it restarts with a credential" machine systemctl restart renewd
	local file=/run/credentials/renewd.service/smtp-password
	check "the service reads it in \$CREDENTIALS_DIRECTORY" test "$(inside cat "$file" 2>/dev/null)" = "$secret"
	refuse "another user does not" machine_as nobody cat "$file"
	refuse "the stored file is root's alone" machine_as renewd cat /etc/credstore/renewd.smtp-password
	refuse "its environment does not have it" grep -q "$secret" <<<"$(machine cat "/proc/$(property MainPID)/environ" | tr '\0' '\n') $(property Environment)"
	check "reload works with a credential, and renewd check in it" machine systemctl reload renewd
}

check_letter() {
	put /root/agreements.csv <<-EOF
		ref;customer;kind;ends_on;term;customer_name;customer_email
		A1;C1;pass;$(date -d '+20 days' +%F);P1Y;Ana Silva;$address
	EOF
	machine install -m 644 /root/agreements.csv /tmp/agreements.csv
	check "import works beside the daemon, as its user" machine_as renewd renewd import /tmp/agreements.csv
	check "the letter is in the maildir within two minutes" within 120 letter_left
	check "the daemon is still healthy" healthy
}
letter_left() { machine_as renewd sh -c 'grep -rlq "^To:.*customers.example" /var/lib/renewd/outbox/new'; }

check_reload() {
	local pid
	pid=$(property MainPID)
	check "reload of a good configuration succeeds" machine systemctl reload renewd
	check "the process is the same, and active" within 5 same_and_healthy "$pid"
	machine cp /etc/renewd/config.toml /root/good.toml
	machine sh -c 'sed -i "s/^\[send\]/[send]\nhuors = 1/" /etc/renewd/config.toml'
	refuse "reload of a broken configuration fails" machine systemctl reload renewd
	check "the journal says what is wrong, and where" grep -q 'config.toml:[0-9]*:.*huors' <<<"$(journal -u renewd -n 50)"
	check "the daemon goes on with the old one" within 5 same_and_healthy "$pid"
	machine cp /root/good.toml /etc/renewd/config.toml
	check "the mended configuration is taken" machine systemctl reload renewd
	check "the process is still the same" within 5 same_and_healthy "$pid"
}
same_and_healthy() { [[ $(property MainPID) == "$1" ]] && active && healthy; }
another_and_healthy() { [[ $(property MainPID) != "$1" ]] && active && healthy; }

check_crash() {
	local pid before
	pid=$(property MainPID)
	before=$(property NRestarts)
	machine kill -KILL "$pid"
	check "after kill -9 it is back within 10 s" within 10 another_and_healthy "$pid"
	check "that was one restart" test "$(property NRestarts)" = $((before + 1))
}

check_watchdog() {
	local pid
	pid=$(property MainPID)
	machine kill -STOP "$pid"
	check "frozen with SIGSTOP, it is back within 75 s" within 75 another_and_healthy "$pid"
	check "the journal says that it was the watchdog" grep -qi 'watchdog timeout' <<<"$(journal -u renewd -n 500)"
}

check_broken_at_start() {
	machine systemctl stop renewd
	machine systemctl reset-failed renewd
	machine sh -c 'sed -i "s/^\[send\]/[send]\nhuors = 1/" /etc/renewd/config.toml'
	refuse "with a broken configuration the start fails" machine systemctl start renewd
	refused "with a broken configuration" renewd
	machine cp /root/good.toml /etc/renewd/config.toml
	check "with the mended one it starts" machine systemctl start renewd
}

check_sockets() {
	machine systemctl stop renewd
	check "the sockets start" machine systemctl enable --now renewd.socket renewd-admin.socket
	check "the first request starts the daemon" within 15 healthy
	check "both listeners came from systemd" test "$(machine sh -c "tr '\\0' '\\n' </proc/$(property MainPID)/environ" | sed -n 's/^LISTEN_FDS=//p')" = 2
	local stop=$work/stop report=$work/requests pid
	rm -f "$stop"
	pid=$(property MainPID)
	{
		until [[ -e $stop ]]; do
			fetch -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8687/healthz 2>&1
			fetch -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8686/ 2>&1
		done
	} >"$report" &
	local caller=$!
	sleep 1
	check "restart under requests succeeds, twice" machine sh -c 'systemctl restart renewd && systemctl restart renewd'
	check "it is another process" another_and_healthy "$pid"
	sleep 1
	touch "$stop"
	wait "$caller"
	local lost
	lost=$(grep -cv '^[1-5][0-9][0-9]$' "$report")
	lost=$((lost + $(grep -c '^000$' "$report")))
	check "no request was lost over two restarts ($(wc -l <"$report") sent, $lost lost)" test "$lost" = 0 -a "$(wc -l <"$report")" -gt 10
	machine systemctl disable --quiet --now renewd.socket renewd-admin.socket
	check "without the sockets it listens by itself again" machine systemctl restart renewd
	check "and answers" within 5 healthy
}

check_leaks() {
	local all
	all=$(machine journalctl --no-pager -o json --all)
	check "the journal has lines of the daemon at all" grep -q renewd <<<"$all"
	refuse "no password in the journal" grep -qF "$secret" <<<"$all"
	refuse "no customer's address in the journal" grep -qF "$address" <<<"$all"
	refuse "no customer's name in the journal" grep -qF "Ana Silva" <<<"$all"
	refuse "no password in /metrics" grep -qF "$secret" <<<"$(fetch http://127.0.0.1:8687/metrics)"
	refuse "no customer's address in /metrics" grep -qF "$address" <<<"$(fetch http://127.0.0.1:8687/metrics)"
}

# not_checked says what this machine cannot show.
not_checked() {
	if [[ ! -e /sys/fs/cgroup/cgroup.controllers ]]; then
		skipped "MemoryMax= and IPAddressDeny=: this machine has no unified cgroup hierarchy, so systemd accepts and does not enforce them"
	fi
	skipped "time-sync.target and a real power loss: a container has neither a clock nor a disk of its own"
}
