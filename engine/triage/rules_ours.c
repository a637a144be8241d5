/*
 * Rules for what syzkaller's own consoles do not show: oopses of other machines and of cut logs,
 * hard lockups, objects of any slab cache, ZFS. The words are those of each
 * arch/NAME/kernel/traps.c and mm/fault.c. Where syzkaller has a title for the same bug on x86,
 * that is the title here too.
 */
#include "rules.h"

#include <stddef.h>

/* A registers' line, a trace without one, frames without a first line. */
#define ANY_TRACE "IP;T;ELSE;CT;T;ELSE;T"
#define PAGING "BUG: unable to handle kernel paging request in $F"
#define NULL_POINTER "BUG: unable to handle kernel NULL pointer dereference in $F"
/* x86 prints the page fault's error code; what was accessed is in CR2, some lines below. */
#define X86_FAULT "^.*Oops: [0-9a-f]{4} \\[#[0-9]+\\]"

const struct rule rules_oops[] = {
	{ .head = X86_FAULT,
	  .body = { X86_FAULT, ".*CR2: (?:0{8})?0{5}[0-9a-f]{3}(?![0-9a-f])" },
	  .title = NULL_POINTER,
	  .recipe = ANY_TRACE },
	{ .head = X86_FAULT, .title = PAGING, .recipe = ANY_TRACE },
	{ .head = "^.*Oops: Kernel access of bad area.*\\[#[0-9]+\\]",
	  .title = PAGING,
	  .recipe = ANY_TRACE },
	{ .head = "^.*double fault: [0-9a-f]+ \\[#[0-9]+\\]",
	  .title = "PANIC: double fault in $F",
	  .recipe = ANY_TRACE },
	{ .head = "^.*Kernel bug detected ?\\[#[0-9]+\\]",
	  .title = "kernel BUG in $F",
	  .recipe = ANY_TRACE,
	  .noise = "usercopy __check skb_*" },
	{ .head = "^(?:.*\\([0-9]+\\): )?(?:Oops(?: - |: ))?([A-Za-z][A-Za-z0-9 _.'?-]*?)[ !]*"
		  "(?:[:,(].*)?\\[#[0-9]+\\]",
	  .title = "$1 in $F",
	  .recipe = ANY_TRACE,
	  .noise = "usercopy_abort" },
	{ .head = NULL },
};

const struct rule rules_lockup[] = {
	/* powerpc names the place in the line itself */
	{ .head = "self-detected hard LOCKUP @ {F}",
	  .title = "BUG: hard lockup in $F",
	  .recipe = "self-detected hard LOCKUP @ {F};IP;T;ELSE;CT;T" },
	{ .head = "(?:[Hh]ard LOCKUP|Watchdog detected LOCKUP)",
	  .title = "BUG: hard lockup in $F",
	  .recipe = ANY_TRACE },
	{ .head = NULL },
};

const struct rule rules_slab[] = {
	{ .head = "BUG ([^ ]+) \\((?:Not tainted|Tainted: [^)]*)\\): {REST}",
	  .title = "BUG $1: $2",
	  .no_trace = true },
	{ .head = NULL },
};

const struct rule rules_zfs[] = {
	{ .head = "^.*(?:VERIFY|ASSERT|PANIC at )",
	  .body = { "PANIC at [^ :]+:[0-9]+:([a-zA-Z0-9_]+)\\(\\)" },
	  .title = "PANIC in $1",
	  .no_trace = true },
	{ .head = "PANIC at [^ :]+:[0-9]+:([a-zA-Z0-9_]+)",
	  .title = "PANIC in $1",
	  .no_trace = true },
	{ .head = "^.*VERIFY",
	  .title = "PANIC in $F",
	  .recipe = ANY_TRACE,
	  .noise = "spl_panic spl_dumpstack vcmn_err cmn_err zfs_panic" },
	{ .head = NULL },
};

const struct rule rules_early[] = {
	{ .head = "PANIC: early exception",
	  .title = "PANIC: early exception in $F",
	  .recipe = ANY_TRACE },
	{ .head = "PANIC: {REST}", .title = "PANIC: $1", .no_trace = true },
	{ .head = NULL },
};

const struct rule rules_cfi[] = {
	{ .head = "CFI failure at {F}", .title = "CFI failure in $1", .no_trace = true },
	{ .head = "CFI failure \\(target: ",
	  .title = "CFI failure in $F",
	  .recipe = ANY_TRACE,
	  .noise = "cfi_" },
	{ .head = NULL },
};

/* "Kernel Fault: Code=26 (Data memory access rights trap) at addr 00000008",
 * "swapper/0 (pid 1): Breakpoint (code 0)" */
const struct rule rules_parisc[] = {
	{ .head = "Kernel Fault: Code=|Bad Address \\(.*\\): Code=",
	  .title = PAGING,
	  .recipe = ANY_TRACE },
	{ .head = "\\(pid [0-9]+\\): (.*) \\(code -?[0-9]+\\)",
	  .title = "$1 in $F",
	  .recipe = ANY_TRACE },
	{ .head = NULL },
};

/* "swapper(1): Oops 0" */
const struct rule rules_alpha[] = {
	{ .head = "\\([0-9]+\\): Kernel [Bb]ug", .title = "kernel BUG in $F", .recipe = ANY_TRACE },
	{ .head = "\\([0-9]+\\): Oops", .title = PAGING, .recipe = ANY_TRACE },
	{ .head = NULL },
};

const struct rule rules_m68k[] = {
	{ .head = "Oops: [0-9a-f]{8}$", .title = PAGING, .recipe = ANY_TRACE },
	{ .head = "BAD KERNEL (TRAP|BUSERR)", .title = "BAD KERNEL $1 in $F", .recipe = ANY_TRACE },
	{ .head = NULL },
};
