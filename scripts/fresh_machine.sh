#!/usr/bin/env bash
# Prove that a fresh machine can start the shop: the last commit in an empty folder, an empty home, and nothing but PATH.
#
# `make run` three times: the first fills the shop and ends by Ctrl-C, the second finds the same data and is killed,
# the third starts after the kill. Nothing may be left running. Root also starts once as an ordinary user.
set -euo pipefail
cd "$(dirname "$0")/.."

STARTING=300 # seconds for a first answer; the first start fetches the packages
STOPPING=30  # seconds for everything to have ended

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
fail() {
	printf '%4d s  The fresh-machine start failed: %s\n' "$SECONDS" "$*" >&2
	if [ -s "${log-}" ]; then
		printf '\nThe end of what make run printed:\n' >&2
		tail -n 30 "$log" >&2
	fi
	exit 1
}

base=$(cd "$(mktemp -d "${TMPDIR:-/tmp}/faded-skies-fresh-XXXXXX")" && pwd -P)
chmod 0711 "$base"
make=
folder=

clean_up() {
	status=$?
	trap - EXIT
	if [ -n "$make" ]; then
		kill -KILL -- "-$make" 2>/dev/null || true
		wait "$make" 2>/dev/null || true
	fi
	if [ -n "$folder" ]; then end_leftovers; fi
	for data in "$base"/*/*/var/pg*; do # root's database lies elsewhere when its account cannot enter here
		if [ -L "$data" ]; then rm -rf "$(readlink "$data")"; fi
	done
	rm -rf "$base"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Unpack the last commit into a new folder of mode 0700 with a space in its name, beside an empty home.
unpack() { # name, then what runs a command as its owner
	place=$base/$1
	folder="$place/faded skies"
	home=$place/home
	log=$base/$1.log
	shift
	as_owner=("$@")
	mkdir "$place"
	chmod 0700 "$place"
	mkdir "$home" "$folder"
	chmod 0700 "$home" "$folder"
	git -c safe.directory='*' archive HEAD | tar -x -C "$folder"
}

in_folder() { # a command, as the owner, in the folder, with nothing in its environment but PATH, HOME and PORT
	(cd "$folder" && exec ${as_owner[@]+"${as_owner[@]}"} env -i PATH="$PATH" HOME="$home" PORT="$port" "$@")
}

answers() {
	(
		exec 3<>"/dev/tcp/127.0.0.1/$port"
		printf 'GET /health/live HTTP/1.0\r\n\r\n' >&3
		read -r -t 5 answer <&3
		[[ $answer == *" 200 "* ]]
	) 2>/dev/null
}

choose_port() {
	port=$((20000 + RANDOM % 12000))
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 12000)); done
}

start() { # which start this is
	choose_port
	local began=$SECONDS
	set -m # a process group of its own, as a terminal gives it
	in_folder make run >"$log" 2>&1 &
	make=$!
	set +m
	until answers; do
		kill -0 "$make" 2>/dev/null || fail "on the $1 start, make run ended before the first answer."
		[ $((SECONDS - began)) -lt "$STARTING" ] || fail "on the $1 start, there was no answer within $STARTING s."
		sleep 0.1
	done
	say "The $1 start answered after $((SECONDS - began)) s"
}

# Visit the shop as a client would; prints what must be the same at the next start.
visit() { # add: also add an address
	in_folder .venv/bin/faded-skies demo --json >"$base/demo.json" || fail "faded-skies demo --json failed."
	in_folder .venv/bin/python -I -c '
import json, sys, urllib.request

demo = json.loads(sys.argv[1])


def call(path, body=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(demo["baseUrl"] + path, data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


tokens = {role: call("/api/auth/login", person)["accessToken"] for role, person in demo["people"].items()}
if set(tokens) != {"customer", "driver", "agent", "admin"}:
    sys.exit(f"faded-skies demo --json names {sorted(tokens)}.")
products, more = [], True
while more:
    page = call(f"/api/products?limit=100&offset={len(products)}")
    products += page["products"]
    more = page["hasMore"]
categories = {product["categoryId"] for product in products}
if len(products) < 120 or len(categories) < 10 or page["total"] != len(products):
    sys.exit(f"The shop shows {len(products)} products in {len(categories)} categories, not 120 in 10.")
if sys.argv[2] == "add":
    home = {"name": "Fresh", "addressLine1": "600 Congress Ave", "city": "Austin", "state": "TX",
            "zipCode": "78701", "addressType": "other"}
    call("/api/users/addresses", home, tokens["customer"])
addresses = call("/api/users/addresses", token=tokens["customer"])["addresses"]
if "Fresh" not in [address["name"] for address in addresses]:
    sys.exit("The address that was added on the first start is gone.")
print(len(products), "products in", len(categories), "categories,", len(addresses), "addresses of the customer,",
      "newest product", max(product["id"] for product in products))
' "$(cat "$base/demo.json")" "${1-}" 2>"$base/visit.err" || fail "$(tail -n 1 "$base/visit.err")"
}

# Print the processes that work in our folders, run a program of ours or hold a file of ours open.
leftovers() {
	"$folder/.venv/bin/python" -I -c '
import os, subprocess, sys
from pathlib import Path

base, folder = sys.argv[1:]
places = [base, *(str(place.resolve()) for place in Path(folder, "var").glob("pg*"))]


def links(process):
    for name in ("cwd", "exe", *(f"fd/{number}" for number in os.listdir(process / "fd"))):
        try:
            yield os.readlink(process / name)
        except OSError:
            pass


def traces(process):
    try:
        return [(process / "cmdline").read_text(errors="replace").replace("\0", " "), *links(process)]
    except OSError:
        return []


if Path("/proc/self").exists():
    found = {process.name: traces(process) for process in Path("/proc").glob("[0-9]*")}
else:
    listed = subprocess.run(["ps", "-axo", "pid=,command="], stdout=subprocess.PIPE, text=True, check=True)
    found = dict(([pid, [command]] for pid, command in (line.split(None, 1) for line in listed.stdout.splitlines())))
ours = {str(os.getpid()), str(os.getppid())}
for pid, texts in found.items():
    if pid not in ours and any(place in text for place in places for text in texts):
        print(pid, (texts[0].strip() or "?")[:150])
' "$place" "$folder"
}

await_nothing_running() { # after what
	local began=$SECONDS left
	while left=$(leftovers) && [ -n "$left" ]; do
		[ $((SECONDS - began)) -lt "$STOPPING" ] || fail "$1, this still runs after $STOPPING s: $left"
		sleep 0.2
	done
	say "$1, nothing is left running"
}

end_leftovers() {
	[ -x "$folder/.venv/bin/python" ] || return 0
	leftovers | while read -r pid _; do kill -KILL "$pid" 2>/dev/null || true; done
}

press_ctrl_c() {
	kill -INT -- "-$make"
	wait "$make" 2>/dev/null || true
	make=
	grep -q "Everything has stopped; the data is safe." "$log" || fail "Ctrl-C did not end it with its usual sentence."
	await_nothing_running "After Ctrl-C"
}

supervisor() { # the process id of `faded-skies up`
	leftovers | sed -n 's/^\([0-9]*\) .*faded-skies up *$/\1/p'
}

kill_supervisor() {
	local pid
	pid=$(supervisor)
	[[ $pid =~ ^[0-9]+$ ]] || fail "the supervisor was not found among: $(leftovers)"
	kill -KILL "$pid"
	wait "$make" 2>/dev/null || true
	make=
	await_nothing_running "After kill -9 of the supervisor"
}

say "Starting the last commit, $(git -c safe.directory='*' rev-parse --short HEAD), in an empty folder with an empty home"
unpack first
start first
shown=$(visit add)
say "The shop shows $shown"
press_ctrl_c

start second
again=$(visit)
[ "$again" = "$shown" ] || fail "the second start shows other data: $again"
say "The second start finds the same data"
kill_supervisor

start third
again=$(visit)
[ "$again" = "$shown" ] || fail "after the kill there are other data: $again"
say "The third start, after the kill, finds the same data"
press_ctrl_c

if [ "$(id -u)" -ne 0 ]; then
	say "Skipped: a start by root, as this runs as an ordinary user"
elif ! setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	say "Skipped: a start as an ordinary user, as setpriv is not there"
else
	unpack ordinary setpriv --reuid=65534 --regid=65534 --clear-groups
	chown -R 65534:65534 "$place"
	start "ordinary user's"
	visit add >/dev/null
	press_ctrl_c
fi
say "A fresh machine starts the shop"
