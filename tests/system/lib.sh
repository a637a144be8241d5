# What the tests on a real mount share. Sourced by each; runs in bash.
#
# $work is a directory of the test's own, $mnt the mount point, $state the state directory.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
toy=$here/../toy
: "${BISECTFS:?run through meson test}" "${FS_PROBE:?}"
export LC_ALL=C GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
checks=0
daemon=

skip() { echo "skipped: $*"; exit 77; }
fail() {
	echo "FAILED: $*" >&2
	[ ! -e "$state/daemon.log" ] || sed 's/^/daemon.log: /' "$state/daemon.log" >&2
	exit 1
}
# is WHAT GOT WANTED
is() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
# like WHAT GOT PATTERN (of the shell)
like() {
	checks=$((checks + 1))
	# shellcheck disable=SC2053
	[[ $2 == $3 ]] || fail "$1: got '$2', wanted something like '$3'"
}
# succeeds WHAT COMMAND...
succeeds() {
	local what=$1
	shift
	checks=$((checks + 1))
	"$@" || fail "$what: '$*' failed"
}
# refused WHAT TEXT-OF-ERRNO COMMAND...: it fails, and says so
refused() {
	local what=$1 want=$2 out
	shift 2
	checks=$((checks + 1))
	if out=$("$@" 2>&1); then
		fail "$what: '$*' was not refused"
	fi
	[[ $out == *"$want"* ]] || fail "$what: '$*' said '$out', wanted '$want'"
}
# writes TEXT FILE: as a shell's echo does it; for `refused` and `succeeds`
writes() { bash -c 'echo "$1" >"$2"' - "$1" "$2"; }
# until SECONDS COMMAND...: waits for something to become true
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		((SECONDS < end)) || fail "waited too long for: $*"
		sleep 0.05
	done
}
# as UID COMMAND...: as a user who is nobody else's
as() { local uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups -- "$@"; }
# said PATTERN: last_error of the mount that we are in
said() { like last_error "$(cat last_error)" "$1"; }
file_is() { [ "$(cat "$1")" = "$2" ]; }

[ -e /dev/fuse ] || skip "no /dev/fuse"
[ "$(id -u)" = 0 ] || skip "mounting needs root here"
work=$(mktemp -d "${TMPDIR:-/tmp}/bisectfs-test-XXXXXX")
mnt=$work/mnt state=$work/state repo=$work/repo.git
mkdir "$mnt"

mounted() { grep -q " $mnt fuse.bisectfs " /proc/self/mountinfo || grep -q " $mnt " /proc/mounts; }
# mount_fs [OPTION...]: and tells $daemon and $supervisor
mount_fs() {
	timeout 60 "$BISECTFS" mount --state "$state" "$@" "$repo" "$mnt" ||
		fail "the mount failed"
	find_daemon
}
find_daemon() {
	supervisor=$(pgrep -o -f -x ".*bisectfs mount --state $state .*")
	daemon=$(pgrep -P "$supervisor" -x bisectfs)
}
unmount() {
	for p in $(jobs -p); do kill "$p" 2>/dev/null; done # watchers keep a mount busy
	until_true 20 fusermount3 -u "$mnt"
	until_true 30 no_process "$supervisor"
	supervisor=
}
# mount_toy [OPTION...]: and goes there, where the toy kernel can be searched
mount_toy() {
	mount_fs "$@"
	toy_settings
	cd "$mnt" || exit 1
}
leave() { cd / && unmount; }
# one that has ended and that its parent has not waited for yet is no process any more
no_process() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }
# a guest's command line has the state directory's short name (vmm/short_path.h)
guests() { pgrep -f "qemu-system.*($state|/$(printf %s "$state" | sha256sum | cut -c 1-10))/"; }
no_guests() { ! guests >/dev/null; }

clean_up() {
	local status=$?
	trap - EXIT
	cd /
	for p in $(jobs -p); do kill "$p" 2>/dev/null; done
	if mounted; then
		fusermount3 -u "$mnt" 2>/dev/null || fusermount3 -uz "$mnt"
	fi
	[ -z "${supervisor:-}" ] || for _ in $(seq 200); do
		kill -0 "$supervisor" 2>/dev/null || break
		sleep 0.05
	done
	# what a failed test may have left; ours by its state directory
	pkill -9 -f "bisectfs mount --state $state " 2>/dev/null
	if ! no_guests; then
		echo "guests were left running" >&2
		guests | xargs -r kill -9
		status=1
	fi
	[ "$(type -t more_clean_up)" != function ] || more_clean_up
	rm -rf "$work"
	((status == 0)) && echo "$checks checks"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# toy_repo COMMITS CULPRIT [NUMBER=DEFINES]...
toy_repo() { "$toy/make-history" "$repo" "$@" || fail "no history"; }
toy_commit() { git -C "$repo" log --format=%H --grep "^toy: commit $1\$" --all; }
toy_culprit() { git -C "$repo" log --format=%H --grep 'never written' --all; }
# settings that build and judge the toy kernel; quick: few runs
toy_settings() { # [DIR]
	local s=${1:-$mnt/new}/settings
	cp "$toy/build" "$s/build" || fail "cannot set build"
	echo 'toy: ready' >"$s/ready"
	echo 'toy: pass' >"$s/pass"
	echo 2 >"$s/runs"
	echo 3 >"$s/first_runs"
	echo 32 >"$s/memory"
	echo 120 >"$s/timeout" # a guest that prints much takes long where others work too
}
# start_toy REVISIONS: sets $name
start_toy() { name=$("$FS_PROBE" start "$mnt/new/start" "$1") || fail "start: $name: $(cat "$mnt/last_error")"; }
# start_running REVISIONS: and its first guest prints
start_running() {
	start_toy "$1"
	until_true 60 test -s "$mnt/$name/steps/0/runs/0.log"
}
# the verdict, when it is there
verdict_of() { timeout "${2:-300}" cat "$mnt/$1/wait" || fail "$1 did not end: $(cat "$mnt/$1/status")"; }
