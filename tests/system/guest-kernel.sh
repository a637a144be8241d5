# A real, small Linux for tests of our init in a guest. Sourced after lib.sh; $kernel is the directory with
# its bzImage and vmlinux, built once and kept in the build directory.
archive=/usr/src/linux-source-6.1.tar.xz
kernel=${BUILD:?}/guest-kernel
make_kernel() {
	rm -rf "$kernel.src"
	mkdir -p "$kernel.src"
	tar -xJf "$archive" -C "$kernel.src" --strip-components=1
	cd "$kernel.src" || return 1
	grep -v DEBUG_INFO "$here/../linux/config" >fragment
	make -s tinyconfig && scripts/kconfig/merge_config.sh -m .config fragment >/dev/null &&
		make -s olddefconfig && make -s "-j$(nproc)" bzImage || return 1
	cd "$work" && mkdir -p "$kernel" && cp "$kernel.src/vmlinux" "$kernel" &&
		cp "$kernel.src/arch/x86/boot/bzImage" "$kernel" && rm -rf "$kernel.src"
}
if [ ! -e "$kernel/bzImage" ]; then
	[ -e "$archive" ] || skip 'no linux-source-6.1'
	[ "$(uname -m)" = x86_64 ] || skip 'not on x86_64'
	(make_kernel) >"$work/make.log" 2>&1 || fail "no kernel: $(tail -n 3 "$work/make.log")"
fi
# one_run: settings for a search of which the first run is looked at
one_run() {
	printf '#!/bin/sh\ncp %s/vmlinux "$2/vmlinux" && cp %s/bzImage "$2/kernel"\n' "$kernel" "$kernel" >new/settings/build
	for setting in runs=1 first_runs=1 memory=128 timeout=10 boot_timeout=120 certify=off; do
		echo "${setting#*=}" >"new/settings/${setting%%=*}"
	done
}
# run_is OUTCOME REPRODUCER: what came of its first run
run_is() {
	printf '#!/bin/sh\n%s\n' "$2" >new/settings/reproducer
	start_toy 'main main~2'
	until_true 300 test -s "$name/steps/0/runs/0.verdict"
	is "$2" "$(cat "$name/steps/0/runs/0.verdict")" "$1"
	verdict_of "$name" >/dev/null
}
