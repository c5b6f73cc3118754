#!/bin/sh
# Make what compose.yaml needs beside itself, where it is not there yet: shop.env to be filled in, backups/, and secrets/ with
# passwords and keys drawn by openssl. What exists is never touched, so it may run again.
#
#     sh deploy/prepare.sh api.shop.example
#
# TLS: put the certificate and its key into secrets/tls.crt and secrets/tls.key. Until then they are self-signed.
set -eu
umask 077
host=${1:?the host name of the API, such as api.shop.example}
case $host in *[!a-z0-9.-]*) printf '%s is no host name.\n' "$host" >&2 && exit 1 ;; esac
cd -- "$(dirname -- "$0")"

drawn() { openssl rand -hex 24; }
keep() { # file of secrets/, from standard input; for every account of its container, in a folder for ours alone
	if [ -e "secrets/$1" ]; then
		cat >/dev/null
		return
	fi
	cat >"secrets/$1.new"
	chmod 0444 "secrets/$1.new"
	mv "secrets/$1.new" "secrets/$1"
	printf 'made secrets/%s\n' "$1"
}

mkdir -p secrets
drawn | keep postgres_password
printf 'postgresql://faded_skies:%s@postgres:5432/faded_skies\n' "$(cat secrets/postgres_password)" | keep database_url
printf 'requirepass %s\n' "$(drawn)" | keep valkey_auth
printf 'redis://:%s@valkey:6379/0\n' "$(sed 's/^requirepass //' secrets/valkey_auth)" | keep redis_url
openssl rand -base64 48 | tr -d '\n' | keep jwt_secret
printf '%s:%s\n' "$(date +%Ya)" "$(openssl rand -base64 32)" | keep vault_master_keys
printf '%s:%s\n' "$(date +%Yb)" "$(openssl rand -base64 32)" | keep backup_keys
drawn | keep metrics_token
if ! [ -d backups ]; then
	mkdir backups
	# For the container's account; who is not root cannot give it away.
	chown 10001:10001 backups 2>/dev/null || chmod 0777 backups
	printf 'made backups/: carry what comes there to another place\n'
fi
if ! [ -e secrets/tls.crt ]; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$host" \
		-addext "subjectAltName=DNS:$host" -keyout secrets/tls.key -out secrets/tls.crt 2>/dev/null
	chmod 0444 secrets/tls.key secrets/tls.crt
	printf 'made secrets/tls.crt and secrets/tls.key, self-signed: put yours there\n'
fi
if ! [ -e shop.env ]; then
	cat >shop.env <<EOF
# Settings of the shop that are no secrets; ../.env.example explains every one. Secrets: secrets/ and compose.yaml.
API_URL=https://$host
CLIENT_URL=https://shop.example
FROM_EMAIL=noreply@shop.example
JURISDICTION=us-tx-example
EOF
	printf 'made shop.env: fill it in\n'
fi
