#!/bin/sh
# deb.sh OUTDIR packs what `make install PREFIX=/usr` puts down into a Debian
# package, with nothing but dpkg-deb. It reads
#   BINARY             the program (default: ./renewd)
#   VERSION            the version (default: what git says)
#   SOURCE_DATE_EPOCH  the time of every file (default: that of the commit)
# The same input makes the same package, byte for byte.
set -eu
umask 022
out=${1:?"usage: packaging/deb.sh OUTDIR"}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

# v1.2.0 is 1.2.0; v1.2.0-rc.1 comes before it, v1.2.0-5-gabc after it; without any
# tag the moment of the commit keeps later packages later.
version() {
	if tag=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
		echo "$tag" | sed -e 's/^v//' -e 's/-\([0-9]*\)-g\([0-9a-f]*\)$/+\1.g\2/' -e 's/-/~/g'
	elif commit=$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd.%h 2>/dev/null); then
		echo "0~git$commit"
	else
		echo "deb.sh: this is no git checkout: say VERSION=…" >&2
		return 1
	fi
}

version=${VERSION:-$(version)}
version=${version#v}
arch=$(dpkg --print-architecture)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
make --no-print-directory install BINARY="${BINARY:-renewd}" DESTDIR="$tree" PREFIX=/usr SYSCONFDIR=/etc \
	ZSHDIR=/usr/share/zsh/vendor-completions >/dev/null
mv "$tree/usr/share/doc/renewd/LICENSE" "$tree/usr/share/doc/renewd/copyright"

mkdir "$tree/DEBIAN"
install -m 755 packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$tree/DEBIAN"
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
cat >"$tree/DEBIAN/control" <<EOF
Package: renewd
Version: $version
Architecture: $arch
Maintainer: renewd
Section: mail
Priority: optional
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f1)
Depends: systemd (>= 252)
Recommends: ca-certificates, sqlite3
Description: writes to customers before a contract, pass or subscription ends
 renewd is a daemon for small businesses. It watches the dates on which
 contracts, passes and subscriptions end and writes to the right customer at the
 right moment; it holds back after a complaint, never writes twice, and can say
 why for every letter sent and not sent. One program, one SQLite file.
EOF
find "$tree" -exec touch -h -d "@$epoch" {} +
SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group --build "$tree" "$out/renewd_${version}_$arch.deb"
