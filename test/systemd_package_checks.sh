# More checks of systemd.sh: several daemons, and what dpkg and make do to running ones.
# Sourced, not run; they use what systemd_checks.sh defines.

check_upgrade() {
	local pid had
	pid=$(property MainPID)
	had=$(customers)
	check "there is a customer to keep" test "$had" = 1
	check "dpkg upgrades the package" machine dpkg -i "/root/$(basename "${debs[1]}")"
	check "the daemon runs the new program" within 10 another_and_healthy "$pid"
	check "the data is the same" test "$(customers)" = "$had"
	pid=$(property MainPID)
	check "dpkg goes back to the older package" machine dpkg -i "/root/$(basename "${debs[0]}")"
	check "the daemon runs the older program" within 10 another_and_healthy "$pid"
	check "the data is still the same" test "$(customers)" = "$had"
	machine systemctl stop renewd
	check "an upgrade of a stopped daemon installs" machine dpkg -i "/root/$(basename "${debs[1]}")"
	check "and leaves it stopped" test "$(property ActiveState)" = inactive
	machine systemctl start renewd
}

check_several() {
	{
		configuration /var/lib/renewd/lyon 127.0.0.1:8696 127.0.0.1:8697
		# Nobody listens there yet: a mail server that is away keeps nothing from starting.
		printf '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 2525\ntls = "none"\nuser = "lyon"\n'
	} | put /etc/renewd/lyon.toml
	(umask 077 && printf '%s\n' "$secret-lyon" | put /etc/credstore/renewd.lyon.smtp-password)
	check "renewd@lyon starts beside renewd, its mail server being away" machine systemctl start renewd@lyon
	check "both are healthy" within 5 both_healthy
	check "renewd@lyon keeps its data in a folder of its own" machine test -s /var/lib/renewd/lyon/renewd.db
	check "it has its own credential" test "$(machine cat /run/credentials/renewd@lyon.service/smtp-password)" = "$secret-lyon"
	check "renewd import --config reaches it" machine_as renewd renewd import --config /etc/renewd/lyon.toml /tmp/agreements.csv
	check "without its mail server it waits, and stays healthy" within 90 lyon_reminder "reason = 'server_away'"
	check "its exposure is at most 1.5" exposed 1.5 renewd@lyon.service
}
both_healthy() { healthy 8687 && healthy 8697; }
lyon_reminder() {
	[[ -n $(machine_as renewd sqlite3 -readonly /var/lib/renewd/lyon/renewd.db "SELECT 1 FROM reminders WHERE $1") ]]
}

# check_stop stops a daemon whose message is under way: slow_mail.sh has all of it,
# and takes 20 s for its answer.
check_stop() {
	local begun
	put /root/slow_mail.sh <"$here/slow_mail.sh"
	put /etc/systemd/system/slow-mail.socket <<<$'[Socket]\nListenStream=127.0.0.1:2525\nAccept=yes'
	put /etc/systemd/system/slow-mail@.service <<<$'[Service]\nExecStart=/bin/sh /root/slow_mail.sh\nStandardInput=socket\nStandardError=null'
	machine systemctl daemon-reload
	machine systemctl start slow-mail.socket
	# A restart looks at once, instead of after the minutes that the first try has to wait.
	machine systemctl stop renewd@lyon
	machine systemctl start renewd@lyon
	check "renewd@lyon logs in with its credential and hands its letter over" within 200 machine test -e /root/letter
	check "the password was that of the credential" grep -qF "$secret-lyon" <<<"$(machine head -n 1 /root/login | base64 -d | tr '\0' '\n')"
	begun=$SECONDS
	check "systemctl stop ends it while the server keeps it waiting" machine systemctl stop renewd@lyon
	check "that took at most 90 s ($((SECONDS - begun)) s)" test $((SECONDS - begun)) -le 90
	check "it ended by itself, with 0" test "$(property Result renewd@lyon) $(property ExecMainStatus renewd@lyon)" = "success 0"
	check "the letter under way is sent, and written down as sent" lyon_reminder "state = 'sent'"
	begun=$SECONDS
	check "an idle daemon stops, too" machine systemctl stop renewd
	check "that took at most 10 s ($((SECONDS - begun)) s)" test $((SECONDS - begun)) -le 10
	machine systemctl start renewd renewd@lyon
	sleep 5 # its first look comes at once
	check "after the next start the letter is not sent again" test "$(machine sh -c 'wc -l </root/letter')" = 1
}

databases() { machine find /var/lib/renewd -name '*.db' -size +0 | sort; }

check_removal() {
	local said had
	had=$(databases)
	check "dpkg removes the package" machine dpkg -r renewd
	check "removal stops both daemons" test "$(property ActiveState) $(property ActiveState renewd@lyon)" = "inactive inactive"
	check "data and configuration are kept" machine test -s /var/lib/renewd/renewd.db -a -s /etc/renewd/config.toml
	said=$(machine dpkg -P renewd 2>&1)
	check "purge keeps the data" test "$(databases)" = "$had"
	check "and says so" grep -q '/var/lib/renewd' <<<"$said"
	check "installed again, it goes on with the data it had" machine dpkg -i "/root/$(basename "${debs[1]}")"
	check "it starts" machine systemctl start renewd
	check "the customer is still there" test "$(customers)" = 1
}

check_make_install() {
	machine dpkg -P renewd >/dev/null 2>&1
	check "make install puts it below /usr/local" make --no-print-directory install BINARY="$(realpath "$binary")" DESTDIR="$machine_dir/root"
	check "sysusers and tmpfiles there are found" machine sh -c 'systemd-sysusers renewd.conf && systemd-tmpfiles --create renewd.conf'
	machine systemctl daemon-reload
	check "it starts from there" machine systemctl start renewd
	check "it is /usr/local/bin/renewd that answers" test \
		"$(within 5 healthy && machine readlink "/proc/$(property MainPID)/exe")" = /usr/local/bin/renewd
	check "reload works there, too" machine systemctl reload renewd
	machine systemctl stop renewd
	check "make uninstall takes it away" make --no-print-directory uninstall DESTDIR="$machine_dir/root"
	check "and leaves data and configuration" machine test -s /var/lib/renewd/renewd.db -a -s /etc/renewd/config.toml -a ! -e /usr/local/bin/renewd
}
