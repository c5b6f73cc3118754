#!/bin/sh
# Unpack what some tests run and no index of Python's or Node's packages has: `peers_debian.sh rabbitmq promtool`, or one
# of them, into .tools. From Debian's packages, without installing anything: no root, no service, nothing outside this
# folder. Where that cannot be it says so and leaves with success: the tests are skipped then, and say why.
set -eu
cd -- "$(dirname -- "$0")/.."

unpack() { # folder package...
	folder=$1
	shift
	work=$(mktemp -d)
	rm -rf "$folder.new"
	mkdir -p "$folder.new"
	if (cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$@" >/dev/null) &&
		for package in "$work"/*.deb; do dpkg-deb -x "$package" "$folder.new" || exit 1; done; then
		rm -rf "$folder" "$work"
		mv "$folder.new" "$folder"
	else
		rm -rf "$folder.new" "$work"
		echo "Debian's packages cannot be had here: the tests that need $1 are skipped." >&2
		return 1
	fi
}

get_rabbitmq() {
	if command -v rabbitmq-server >/dev/null 2>&1 || [ -d .tools/rabbitmq ]; then return; fi
	unpack .tools/rabbitmq rabbitmq-server erlang-base erlang-asn1 erlang-crypto erlang-eldap erlang-ftp erlang-inets \
		erlang-mnesia erlang-os-mon erlang-parsetools erlang-public-key erlang-runtime-tools erlang-snmp erlang-ssl \
		erlang-syntax-tools erlang-tftp erlang-tools erlang-xmerl || return 0
	# Debian's erl looks for itself in /usr only.
	sed -i 's|ROOTDIR=/usr/lib/erlang$|ROOTDIR=${ERL_ROOTDIR:-/usr/lib/erlang}|' .tools/rabbitmq/usr/lib/erlang/bin/erl
}

get_promtool() {
	if command -v promtool >/dev/null 2>&1 || [ -x .tools/bin/promtool ]; then return; fi
	unpack .tools/prometheus prometheus || return 0
	mkdir -p .tools/bin
	cp .tools/prometheus/usr/bin/promtool .tools/bin/promtool
	rm -rf .tools/prometheus
}

mkdir -p .tools
for tool in "$@"; do
	case $tool in
	rabbitmq | promtool) "get_$tool" ;;
	*)
		echo "usage: peers_debian.sh rabbitmq|promtool ..." >&2
		exit 1
		;;
	esac
done
