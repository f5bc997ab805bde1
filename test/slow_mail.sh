#!/bin/sh
# A mail server that is in no hurry, for systemd.sh: one connection on standard input
# and output. It keeps the login, as it came, in /root/login, adds a line to /root/letter
# for every message that it has in full, and accepts it 20 s later.

say() { printf '%s\r\n' "$*"; }

say "220 slow.example at your leisure"
while IFS= read -r line; do
	line=${line%?} # the CR
	case $line in
	EHLO*)
		say "250-slow.example"
		say "250 AUTH PLAIN"
		;;
	"AUTH PLAIN")
		say "334 "
		IFS= read -r line
		echo "${line%?}" >>/root/login
		say "235 welcome"
		;;
	AUTH*)
		echo "${line##* }" >>/root/login
		say "235 welcome"
		;;
	DATA*)
		say "354 go on"
		while IFS= read -r line && [ "${line%?}" != . ]; do :; done
		echo one >>/root/letter
		sleep 20
		say "250 accepted"
		;;
	QUIT*)
		say "221 bye"
		exit 0
		;;
	*) say "250 fine" ;;
	esac
done
