#!/bin/sh
# Unpack RabbitMQ, which no index of Python's or Node's packages has, from Debian's packages into .tools/rabbitmq: without
# root, without a service, nothing outside this folder. Where that cannot be it says so and leaves with success: the tests
# are skipped then, and say why.
set -eu
cd -- "$(dirname -- "$0")/.."
if command -v rabbitmq-server >/dev/null 2>&1 || [ -d .tools/rabbitmq ]; then exit; fi

work=$(mktemp -d)
new=$PWD/.tools/rabbitmq.new
rm -rf "$new"
mkdir -p "$new"
if (cd "$work" && apt-get download -q -o APT::Sandbox::User=root rabbitmq-server erlang-base erlang-asn1 erlang-crypto \
	erlang-eldap erlang-ftp erlang-inets erlang-mnesia erlang-os-mon erlang-parsetools erlang-public-key \
	erlang-runtime-tools erlang-snmp erlang-ssl erlang-syntax-tools erlang-tftp erlang-tools erlang-xmerl >/dev/null) &&
	for package in "$work"/*.deb; do dpkg-deb -x "$package" "$new" || exit 1; done; then
	# Debian's erl looks for itself in /usr only.
	sed -i 's|ROOTDIR=/usr/lib/erlang$|ROOTDIR=${ERL_ROOTDIR:-/usr/lib/erlang}|' "$new/usr/lib/erlang/bin/erl"
	mv "$new" .tools/rabbitmq
else
	echo "Debian's packages cannot be had here: the tests that need RabbitMQ are skipped." >&2
fi
rm -rf "$work" "$new"
