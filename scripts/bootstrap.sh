#!/bin/sh
# Make the Python environment in .venv: `bootstrap.sh run|dev`; that of the tests' independent servers in .peers:
# `bootstrap.sh peers`; the programs that check deploy/ in .tools: `bootstrap.sh tools`; or resolve the locks again:
# `bootstrap.sh lock`.
#
# Needs nothing but Python 3.11 or newer with venv. Works in any folder, for any account, with or without a home;
# several may run at once. When everything is current it only compares a checksum.
set -eu
cd -- "$(dirname -- "$0")/.."

# What belongs to another project's environment must not reach ours.
unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH PYTHONSTARTUP PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
unset UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT_ENVIRONMENT UV_NO_BINARY UV_CONFIG_FILE

stamp=.venv/faded-skies.stamp # what the environment was made for (run or dev), and from which files
uv=.tools/uv/bin/uv

say() { printf '%s\n' "$*"; }
fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

wanted_sum() { { pwd -P && cat pyproject.toml requirements.lock requirements-dev.lock requirements-uv.lock; } | cksum; }

is_current() { # kind
	[ -x .venv/bin/faded-skies ] && [ -r "$stamp" ] || return 1
	{ read -r made_kind && read -r made_sum; } <"$stamp" || return 1
	[ "$made_sum" = "$(wanted_sum)" ] || return 1
	[ "$made_kind" = dev ] || [ "$1" = run ] || return 1
	.venv/bin/python -I -c 'import faded_skies' 2>/dev/null
}

peers_sum() { { pwd -P && cat requirements-peers.lock; } | cksum; }

peers_are_current() {
	[ "$(cat .peers/faded-skies.stamp 2>/dev/null)" = "$(peers_sum)" ] && .peers/bin/python -I -c '' 2>/dev/null
}

debian_tools="nginx debootstrap prometheus" # nginx itself, a bare Debian for the image's steps, promtool

tools_sum() { { pwd -P && printf '%s\n' "$debian_tools" && cat requirements-tools.lock; } | cksum; }

tools_are_current() {
	[ "$(cat .tools/checks/faded-skies.stamp 2>/dev/null)" = "$(tools_sum)" ] && .tools/checks/bin/python -I -c '' 2>/dev/null
}

find_python() {
	found_old=
	for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
		command -v "$candidate" >/dev/null 2>&1 || continue
		case $("$candidate" -I -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null) in
		True) ;;
		False)
			found_old=$("$candidate" -I -c 'import platform; print(platform.python_version())')
			continue
			;;
		*) continue ;;
		esac
		if "$candidate" -I -c 'import venv, ensurepip' 2>/dev/null; then
			python=$candidate
			return
		fi
		without_venv=$candidate
	done
	[ -z "${without_venv-}" ] ||
		fail "Python's venv module is missing: install it (on Debian and Ubuntu: apt install python3-venv) and try again."
	[ -z "$found_old" ] ||
		fail "Faded Skies needs Python 3.11 or newer, and only $found_old was found: install a newer Python and try again."
	fail "Faded Skies needs Python 3.11 or newer, and none was found: install python3 with venv and try again."
}

take_turn() { # run this script again, alone; the lock ends with the process, however it ends
	mkdir -p .tools 2>/dev/null && [ -w .tools ] ||
		fail "The folder $(pwd) cannot be written by $(id -un 2>/dev/null || id -u): run make as the account that owns it."
	BOOTSTRAP_HAS_TURN=$$ exec "$python" -I -c '
import fcntl, os, sys
turn = os.open(".tools/turn", os.O_RDWR | os.O_CREAT, 0o644)
try:
    fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another make is preparing the environment; waiting for it …", flush=True)
    fcntl.flock(turn, fcntl.LOCK_EX)
os.set_inheritable(turn, True)
os.execv("/bin/sh", ["sh", "scripts/bootstrap.sh", *sys.argv[1:]])
' "$@"
}

settle_uv() { # our own uv in .tools, and settings under which it touches nothing outside this folder but its cache
	export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
	cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
	if ! { mkdir -p "$cache/uv" && [ -w "$cache/uv" ]; } 2>/dev/null; then
		export UV_CACHE_DIR="${UV_CACHE_DIR-$PWD/.tools/cache}" PIP_CACHE_DIR="${PIP_CACHE_DIR-$PWD/.tools/cache/pip}"
	fi
	uv_sum=$(cksum <requirements-uv.lock)
	if ! { [ "$(cat .tools/uv/faded-skies.stamp)" = "$uv_sum" ] && "$uv" --version; } >/dev/null 2>&1; then
		rm -rf .tools/uv
		"$python" -I -m venv .tools/uv
		.tools/uv/bin/python -I -m pip --quiet --disable-pip-version-check --no-input \
			install --no-deps --require-hashes --only-binary :all: -r requirements-uv.lock ||
			fail "The installer could not be fetched (see above): check the network connection and try again."
		printf '%s\n' "$uv_sum" >.tools/uv/faded-skies.stamp
	fi
	adopt_pip_settings
}

adopt_pip_settings() { # uv does not read pip's settings, where a machine may name its mirror and its certificates
	pip_config=$(.tools/uv/bin/python -m pip --disable-pip-version-check config list 2>/dev/null) || return 0
	pip_setting() { printf '%s\n' "$pip_config" | sed -n "s/^[^=]*\\.$1='\\(.*\\)'\$/\\1/p" | tail -n 1; }
	mirror=$(pip_setting index-url)
	certificates=$(pip_setting cert)
	[ -z "$mirror" ] || [ -n "${UV_DEFAULT_INDEX-}${UV_INDEX_URL-}" ] || export UV_DEFAULT_INDEX="$mirror"
	[ -z "$certificates" ] || [ -n "${SSL_CERT_FILE-}" ] || export SSL_CERT_FILE="$certificates"
}

make_environment() { # kind
	say "Preparing the Python environment (a few seconds, the first time only) …"
	settle_uv
	.venv/bin/python -I -c '' 2>/dev/null || "$uv" --quiet venv --clear --relocatable --python "$python" .venv
	printf '%s\nunfinished\n' "$1" >"$stamp"
	case $1 in
	dev) what="--compile-bytecode requirements-dev.lock" ;;
	*) what=requirements.lock ;; # most of it is never imported; Python compiles what is
	esac
	# shellcheck disable=SC2086 # the option and the file are words
	"$uv" --quiet pip sync --python .venv/bin/python --require-hashes --only-binary :all: $what ||
		fail "The packages could not be installed (see above): check the network connection and try again."
	"$uv" --quiet pip install --python .venv/bin/python --no-deps --no-build-isolation --editable .
	printf '%s\n%s\n' "$1" "$(wanted_sum)" >"$stamp.new"
	mv "$stamp.new" "$stamp"
}

make_peers() { # servers that tests run as processes of their own; the product never imports them
	say "Preparing the tests' independent servers (a few seconds, the first time only) …"
	settle_uv
	"$uv" --quiet venv --clear --relocatable --python "$python" .peers
	"$uv" --quiet pip sync --python .peers/bin/python --require-hashes --only-binary :all: --no-binary localstripe requirements-peers.lock ||
		fail "The tests' servers could not be installed (see above): check the network connection and try again."
	peers_sum >.peers/faded-skies.stamp
}

make_tools() { # what checks the files in deploy/; tests say what is missing
	say "Preparing the programs that check deploy/ (some seconds, the first time only) …"
	settle_uv
	"$uv" --quiet venv --clear --relocatable --python "$python" .tools/checks
	"$uv" --quiet pip sync --python .tools/checks/bin/python --require-hashes --only-binary :all: requirements-tools.lock ||
		fail "The programs that check deploy/ could not be installed (see above): check the network connection and try again."
	if unpack_debian_tools; then tools_sum >.tools/checks/faded-skies.stamp; else
		say "nginx could not be fetched (see above): tests use the one on PATH, or are skipped."
	fi
}

unpack_debian_tools() { # into .tools/debian, with apt's own checks of signatures, but no rights and nothing of the system's touched
	command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || return 0
	apt=$PWD/.tools/apt
	rm -rf "$apt" .tools/debian
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/packages" .tools/debian
	cat >"$apt/apt.conf" <<-EOF
		Dir::State "$apt";
		Dir::State::lists "$apt/lists";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "3";
	EOF
	for step in update "download $debian_tools"; do
		# shellcheck disable=SC2086 # the names are words
		(cd "$apt/packages" && APT_CONFIG="$apt/apt.conf" apt-get -qq $step) || return 1
	done
	for package in "$apt"/packages/*.deb; do dpkg -x "$package" .tools/debian || return 1; done
	rm -rf "$apt"
}

lock_dependencies() {
	settle_uv
	set -- --quiet pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 "$@"
	"$uv" "$@" pyproject.toml --group build -o requirements.lock
	"$uv" "$@" pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock
	"$uv" "$@" --group peers -o requirements-peers.lock
	"$uv" "$@" --group tools -o requirements-tools.lock
}

kind=${1:?run, dev, peers, tools or lock}
case $kind in
run | dev) ! is_current "$kind" || exit 0 ;;
peers) ! peers_are_current || exit 0 ;;
tools) ! tools_are_current || exit 0 ;;
lock) ;;
*) fail "usage: bootstrap.sh run|dev|peers|tools|lock" ;;
esac
find_python
[ "${BOOTSTRAP_HAS_TURN-}" = $$ ] || take_turn "$@"
if [ "$kind" = lock ]; then
	shift
	lock_dependencies "$@"
	exit
fi
if [ "$kind" = peers ]; then
	peers_are_current || make_peers
	exit
fi
if [ "$kind" = tools ]; then
	tools_are_current || make_tools
	exit
fi
! is_current "$kind" || exit 0 # another make did it meanwhile
if [ "$(head -n 1 "$stamp" 2>/dev/null)" = dev ]; then kind=dev; fi # what was made for tests stays so
make_environment "$kind"
