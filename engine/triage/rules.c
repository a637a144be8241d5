/*
 * One table in pieces, a piece for each header word, in the order in which syzkaller tries its own;
 * then the lists of functions, and the types by beginnings of titles. Nothing here does anything.
 *
 * Longer than 500 lines: it is one table, and whoever looks for a rule searches one file.
 */
#include "rules.h"

#include <glib.h>
#include <string.h>

/* the last try: registers in a form that is not known, or cut off */
#define IP_CT_T "IP;CT;T;OURS;CT;T"
#define CT_T "CT;T"
/* the last try: 32-bit ARM without CONFIG_DEBUG_INFO's "Backtrace:" */
#define WARN "IP|--- interrupt: [0-9a-f]+ +at +{F};T;ELSE;CT;T;OURS;ARM"
#define AT "at: (?:{PC} +)?{F}"
#define USB                                                                           \
	"alloc_skb usb_submit_urb usb_start_wait_urb usb_bulk_msg usb_interrupt_msg " \
	"usb_control_msg"
#define KMSAN "T;Local variable .* created at:|Uninit was created at:;T"
#define STALL_BODY                                                                 \
	.recipe = "apic_timer_interrupt;IP;T;ELSE;apic_timer_interrupt|Exception " \
		  "stack|el1h_64_irq;T"

#define BAD_PAGE                                                                             \
	"free?_page put?_page get?_page update?_page release?_page free_unref ~folio "       \
	"truncate_inode_pages page_frag_free alloc vmap page_owner =bad_page free_pcppages " \
	"prep_new_page check_new_page check_free_page rmqueue free_pcp_prepare free_tail"

static const struct rule bug[] = {
	{ .head = "BUG: NMI Watchdog detected LOCKUP",
	  .title = "BUG: hard lockup in $F",
	  .recipe = "IP;T;ELSE;CT;T" },
	{ .head = "BUG: KASAN:",
	  .body = { "BUG: KASAN: ([a-z\\-]+) in {F}",
		    ".*(Read|Write) (?:of size|at addr) [0-9a-f]" },
	  .title = "KASAN: $1 $3 in $F",
	  .recipe = "BUG: KASAN: [a-z\\-]+ in {F};CT;T",
	  .noise = "kernel_fault tag_check mem_abort el1_* el1h_*" },
	{ .head = "BUG: KASAN:",
	  .body = { "BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in {F}" },
	  .title = "KASAN: invalid-free in $F",
	  .recipe = "BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in "
		    "{F};CT;T",
	  .noise = "slab_ kfree vunmap vfree" },
	{ .head = "BUG: KASAN:",
	  .body = { "BUG: KASAN: ([a-z\\-]+) on address", ".*(Read|Write) of size [0-9]+" },
	  .title = "KASAN: $1 $2" },
	{ .head = "BUG: KASAN: {REST}", .title = "KASAN: $1", .corrupted = true },
	{ .head = "BUG: KMSAN: kernel-usb-infoleak",
	  .body = { "BUG: KMSAN: kernel-usb-infoleak in {F}" },
	  .title = "KMSAN: kernel-usb-infoleak in $F",
	  .recipe = KMSAN,
	  .two_traces = true,
	  .noise = USB,
	  .no_trace = true },
	{ .head = "BUG: KMSAN:",
	  .body = { "BUG: KMSAN: ([a-z\\-]+) in {F}" },
	  .title = "KMSAN: $1 in $F",
	  .recipe = KMSAN,
	  .two_traces = true,
	  .noise = "alloc_skb netlink_ack netlink_rcv_skb *_encrypt crypto_* cipher_* drbg_* rng_*",
	  .no_trace = true },
	{ .head = "BUG: KCSAN: {REST}", .title = "KCSAN: $1", .no_trace = true },
	{ .head = "BUG: KFENCE: (use-after-free|out-of-bounds) (read|write) in {F}",
	  .title = "KFENCE: $1 $2 in $F",
	  .recipe = "BUG: KFENCE: .* in {F};T" },
	{ .head = "BUG: KFENCE: invalid free in {F}",
	  .title = "KFENCE: invalid free in $F",
	  .recipe = "BUG: KFENCE: .* in {F};T",
	  .no_trace = true },
	{ .head = "BUG: KFENCE: invalid (read|write) in {F}",
	  .title = "KFENCE: invalid $1 in $F",
	  .recipe = "BUG: KFENCE: .* in {F};T" },
	{ .head = "BUG: KFENCE: memory corruption in {F}",
	  .title = "KFENCE: memory corruption in $F",
	  .recipe = "BUG: KFENCE: .* in {F};T",
	  .no_trace = true },
	{ .head = "BUG: (?:unable to handle kernel paging request|"
		  "unable to handle page fault for address|Unable to handle kernel data access)",
	  .title = "BUG: unable to handle kernel paging request in $F",
	  .recipe = IP_CT_T },
	{ .head = "BUG: (?:unable to handle kernel|kernel|Kernel) NULL pointer dereference",
	  .title = "BUG: unable to handle kernel NULL pointer dereference in $F",
	  .recipe = IP_CT_T },
	{ .head = "BUG: [uU]nable to handle kernel",
	  .title = "BUG: unable to handle kernel",
	  .corrupted = true },
	{ .head = "BUG: (spinlock|rwlock) (lockup suspected|already unlocked|recursion|"
		  "cpu recursion|bad magic|wrong owner|wrong CPU|trylock failure on UP)",
	  .title = "BUG: $1 $2 in $F",
	  .recipe = CT_T,
	  .noise = "spin_ _lock _unlock" },
	{ .head = "BUG: soft lockup",
	  .title = "BUG: soft lockup in $F",
	  .recipe = IP_CT_T,
	  .extractor = EXTRACT_STALL },
	{ .head = "BUG: .*still has locks held!",
	  .body = { "BUG: .*still has locks held!", ".*{PC} +{F}" },
	  .title = "BUG: still has locks held in $1" },
	{ .head = "BUG: scheduling while atomic",
	  .title = "BUG: scheduling while atomic in $F",
	  .recipe = CT_T,
	  .noise = "schedule" },
	{ .head = "BUG: lock held when returning to user space",
	  .body = { "BUG: lock held when returning to user space",
		    ".*leaving the kernel with locks still held", ".*" AT },
	  .title = "BUG: lock held when returning to user space in $1",
	  .no_trace = true },
	{ .head = "BUG: bad unlock balance detected!",
	  .title = "BUG: bad unlock balance in $F",
	  .recipe = "{PC} +{F};CT;T" },
	{ .head = "BUG: held lock freed!",
	  .body = { "BUG: held lock freed!", ".*{PC} +{F}" },
	  .title = "BUG: held lock freed in $1" },
	{ .head = "BUG: (Bad rss-counter state|non-zero nr_ptes on freeing mm|"
		  "non-zero nr_pmds on freeing mm)",
	  .title = "BUG: $1",
	  .no_trace = true },
	{ .head = "BUG: Dentry .*still in use",
	  .body = { "BUG: Dentry .*still in use \\([0-9]+\\) \\[(unmount) of [^\\]\\n]+\\]" },
	  .title = "BUG: Dentry still in use in $1" },
	/* without page_owner what freed or took the page has to do */
	{ .head = "BUG: Bad page state",
	  .title = "BUG: Bad page state in $F",
	  .recipe = "page last allocated;T;OURS;CT;T",
	  .noise = BAD_PAGE },
	{ .head = "BUG: Bad page cache",
	  .title = "BUG: Bad page cache in $F",
	  .recipe = "page last allocated;T",
	  .noise = BAD_PAGE },
	{ .head = "BUG: Bad page map", .title = "BUG: Bad page map" },
	{ .head = "BUG: workqueue lockup", .title = "BUG: workqueue lockup", .no_trace = true },
	{ .head = "BUG: sleeping function called from invalid context at {REST}",
	  .title = "BUG: sleeping function called from invalid context in $F",
	  .recipe = CT_T },
	{ .head = "BUG: using ([a-z_]+)\\(\\) in preemptible",
	  .title = "BUG: using $1() in preemptible code in $F",
	  .recipe = CT_T,
	  .noise = "dump_stack preemption preempt debug_ processor_id this_cpu" },
	{ .head = "BUG: workqueue leaked lock or atomic",
	  .body = { "BUG: workqueue leaked lock or atomic", ".*last function: ([a-zA-Z0-9_]+)$" },
	  .title = "BUG: workqueue leaked lock or atomic in $1",
	  .no_trace = true },
	{ .head = "BUG: memory leak",
	  .title = "memory leak in $F",
	  .recipe = "backtrace(?: \\(crc [0-9a-f]+\\))?:;T",
	  .noise = "kmemleak mmap kmem slab alloc create_object idr_get list_lru_init kasprintf "
		   "kvasprintf pcpu_create strdup strndup memdup" },
	{ .head = "BUG: .*stack guard page was hit at",
	  .title = "BUG: stack guard page was hit in $F",
	  .recipe = IP_CT_T,
	  .extractor = EXTRACT_STALL },
	{ .head = "BUG: Invalid wait context",
	  .title = "WARNING: locking bug in $F",
	  .recipe = CT_T,
	  .noise = "lock_sock release_sock" },
	{ .head = "BUG: *$", .title = "BUG: corrupted", .corrupted = true },
	{ .head = NULL },
};

#define HELD                                                                   \
	{                                                                      \
		"WARNING: lock held when returning to user space",             \
			".*leaving the kernel with locks still held", ".*" AT, \
	}

static const struct rule warning[] = {
	{ .head = "WARNING: .*lib/debugobjects\\.c.* (?:debug_print|debug_check|at)",
	  .title = "WARNING: ODEBUG bug in $F",
	  .recipe = WARN,
	  .noise = "debug_ rcu hrtimer_ timer_ work_ percpu_ vunmap vfree __free_ debug_check "
		   "kobject_" },
	{ .head = "WARNING: .*mm/usercopy\\.c.* (?:usercopy_warn|at)",
	  .title = "WARNING: bad usercopy in $F",
	  .recipe = WARN,
	  .noise = "usercopy __check" },
	{ .head = "WARNING: .*lib/kobject\\.c.* (?:kobject_|at)",
	  .title = "WARNING: kobject bug in $F",
	  .recipe = WARN,
	  .noise = "kobject_" },
	{ .head = "WARNING: .*fs/proc/generic\\.c.* (?:proc_register|at)",
	  .title = "WARNING: proc registration bug in $F",
	  .recipe = WARN,
	  .noise = "proc_" },
	{ .head = "WARNING: .*lib/refcount\\.c.* (?:refcount_|at)",
	  .title = "WARNING: refcount bug in $F",
	  .recipe = WARN,
	  .noise = "refcount kobject_" },
	{ .head = "WARNING: .*kernel/locking/lockdep\\.c.*lock_",
	  .title = "WARNING: locking bug in $F",
	  .recipe = WARN,
	  .noise = "lock_sock release_sock" },
	{ .head = "WARNING: .*still has locks held!",
	  .body = { "WARNING: .*still has locks held!", ".*at: {F}" },
	  .title = "WARNING: still has locks held in $1" },
	{ .head = "WARNING: Nested lock was not taken",
	  .title = "WARNING: nested lock was not taken in $F",
	  .recipe = WARN },
	{ .head = "WARNING: lock held when returning to user space",
	  .body = HELD,
	  .title = "WARNING: lock held when returning to user space in $1",
	  .no_trace = true },
	{ .head = "WARNING: .*mm/.*\\.c.* k?.?malloc",
	  .title = "WARNING: kmalloc bug in $F",
	  .recipe = WARN,
	  .noise = "kmalloc krealloc slab kmem" },
	{ .head = "WARNING: .*mm/vmalloc\\.c.*__vmalloc_node",
	  .title = "WARNING: zero-size vmalloc in $F",
	  .recipe = WARN },
	{ .head = "WARNING: .* usb_submit_urb",
	  .title = "WARNING in $F/usb_submit_urb",
	  .recipe = WARN,
	  .noise = USB },
	{ .head = "WARNING: {SRC} at 0x[0-9]+, CPU#[0-9]+",
	  .title = "WARNING in $F",
	  .recipe = WARN },
	{ .head = "WARNING: .* at {SRC} {F}", .title = "WARNING in $F", .recipe = WARN },
	{ .head = "WARNING: {SRC} at {F}", .title = "WARNING in $F", .recipe = WARN },
	{ .head = "WARNING: \\[.*\\] {SRC} at {F}", .title = "WARNING in $F", .recipe = WARN },
	{ .head = "WARNING: possible circular locking dependency detected",
	  .body = { "WARNING: possible circular locking dependency detected",
		    ".*is trying to acquire lock" },
	  .title = "possible deadlock in $F",
	  .recipe = AT ";" AT ";T",
	  .noise = "process_one_work flush_workqueue drain_workqueue destroy_workqueue" },
	{ .head = "WARNING: possible irq lock inversion dependency detected",
	  .body = { "WARNING: possible irq lock inversion dependency detected",
		    ".*just changed the state of lock", ".*" AT },
	  .title = "possible deadlock in $1" },
	{ .head = "WARNING: .*-safe -> .*-unsafe lock order detected",
	  .title = "possible deadlock in $F",
	  .recipe = "which became .* at:;T" },
	{ .head = "WARNING: possible recursive locking detected",
	  .body = { "WARNING: possible recursive locking detected", ".*is trying to acquire lock",
		    ".*" AT },
	  .title = "possible deadlock in $1" },
	{ .head = "WARNING: inconsistent lock state",
	  .body = { "WARNING: inconsistent lock state", ".*takes", ".*" AT },
	  .title = "inconsistent lock state in $F",
	  .recipe = CT_T },
	{ .head = "WARNING: suspicious RCU usage",
	  .body = { "WARNING: suspicious RCU usage", ".*{SRC}" },
	  .title = "WARNING: suspicious RCU usage in $F",
	  .recipe = CT_T,
	  .noise = "rcu kmem slab" },
	{ .head = "WARNING: kernel stack regs at [0-9a-f]+ in [^ \\n]+ has bad '([^'\\n]+)' value",
	  .title = "WARNING: kernel stack regs has bad '$1' value",
	  .no_trace = true },
	{ .head = "WARNING: kernel stack frame pointer at [0-9a-f]+ in [^ \\n]+ has bad value",
	  .title = "WARNING: kernel stack frame pointer has bad value",
	  .no_trace = true },
	{ .head = "WARNING: bad unlock balance detected!",
	  .title = "WARNING: bad unlock balance in $F",
	  .recipe = "{PC} +{F};CT;T" },
	{ .head = "WARNING: held lock freed!",
	  .body = { "WARNING: held lock freed!", ".*at: ?(?:{PC})? *{F}" },
	  .title = "WARNING: held lock freed in $1" },
	{ .head = "WARNING: kernel stack regs .*has bad 'bp' value",
	  .title = "WARNING: kernel stack regs has bad value",
	  .no_trace = true },
	{ .head = "WARNING: kernel stack frame pointer .*has bad value",
	  .title = "WARNING: kernel stack regs has bad value",
	  .no_trace = true },
	/* old kernels, builds without verbose BUG, paths of any build directory */
	{ .head = "WARNING: (?:CPU: [0-9]+ PID: [0-9]+ )?at (?:[^ \\n]+:[0-9]+ )?\\.?{F}",
	  .title = "WARNING in $F",
	  .recipe = WARN },
	{ .head = "WARNING: (?:CPU: [0-9]+ PID: [0-9]+ )?at [^ \\n]+:[0-9]+ *(?:\\(\\))?$",
	  .title = "WARNING in $F",
	  .recipe = WARN },
	{ .head = "WARNING: *$", .title = "WARNING: corrupted", .corrupted = true },
	{ .head = NULL },
};

#define AT_PC ".*at: (?:{PC} +)?{F}"

static const struct rule info[] = {
	{ .head = "INFO: possible circular locking dependency detected",
	  .body = { "INFO: possible circular locking dependency detected \\]",
		    ".*is trying to acquire lock", AT_PC },
	  .title = "possible deadlock in $1" },
	{ .head = "INFO: possible irq lock inversion dependency detected",
	  .body = { "INFO: possible irq lock inversion dependency detected \\]",
		    ".*just changed the state of lock", AT_PC },
	  .title = "possible deadlock in $1" },
	{ .head = "INFO: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
	  .body = { "INFO: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected \\]",
		    ".*is trying to acquire", AT_PC },
	  .title = "possible deadlock in $1" },
	{ .head = "INFO: [A-Za-z]+-safe -> [A-Za-z]+-unsafe lock order detected",
	  .body = { "INFO: [A-Za-z]+-safe -> [A-Za-z]+-unsafe lock order detected \\]",
		    ".*is trying to acquire", AT_PC },
	  .title = "possible deadlock in $1" },
	{ .head = "INFO: possible recursive locking detected",
	  .body = { "INFO: possible recursive locking detected \\]", ".*is trying to acquire lock",
		    AT_PC },
	  .title = "possible deadlock in $1" },
	{ .head = "INFO: inconsistent lock state",
	  .body = { "INFO: inconsistent lock state \\]", ".*takes", AT_PC },
	  .title = "inconsistent lock state in $1" },
	{ .head = "INFO: rcu_(?:preempt|sched|bh|tasks) (?:self-)?detected (?:expedited )?stall",
	  .title = "INFO: rcu detected stall in $F",
	  STALL_BODY,
	  .noise = "apic_timer_interrupt rcu",
	  .extractor = EXTRACT_STALL },
	{ .head = "INFO: (?:rcu_[a-z_]+|RCU) (?:self-)?detected (?:expedited |CPU [0-9]+ )?stall",
	  .title = "INFO: rcu detected stall in $F",
	  STALL_BODY,
	  .noise = "apic_timer_interrupt rcu",
	  .extractor = EXTRACT_STALL },
	{ .head = "INFO: trying to register non-static key",
	  .title = "INFO: trying to register non-static key in $F",
	  .recipe = CT_T,
	  .noise = "stack lock IRQ" },
	{ .head = "INFO: suspicious RCU usage",
	  .body = { "INFO: suspicious RCU usage", ".*{SRC}" },
	  .title = "INFO: suspicious RCU usage in $F",
	  .recipe = CT_T,
	  .noise = "rcu kmem slab" },
	{ .head = "INFO: suspicious rcu_dereference[a-z_]*\\(\\) usage",
	  .title = "INFO: suspicious RCU usage in $F",
	  .recipe = CT_T,
	  .noise = "rcu kmem slab" },
	{ .head = "INFO: task (?:.|\\n){1,100}?blocked (?:in I/O wait )?for more than[ \\n][0-9]+ "
		  "seconds",
	  .title = "INFO: task hung in $F",
	  .recipe = CT_T,
	  .extractor = EXTRACT_HANG },
	{ .head = "INFO: task (?:.|\\n){1,100}?can't die for more than .* seconds",
	  .title = "INFO: task can't die in $F",
	  .recipe = CT_T,
	  .noise = "schedule" },
	{ .head = "(INFO: (?:Freed|Allocated) in .*)", .title = "$1", .corrupted = true },
	{ .head = "INFO: *$", .title = "INFO: corrupted", .corrupted = true },
	{ .head = NULL },
};

static const struct rule unable[] = {
	{ .head = "Unable to handle kernel (paging request|NULL pointer dereference|"
		  "access to user memory)",
	  .title = "BUG: unable to handle kernel $1 in $F",
	  .recipe = IP_CT_T },
	{ .head = "Unable to handle kernel access at",
	  .title = "BUG: unable to handle kernel paging request in $F",
	  .recipe = IP_CT_T },
	/* any other object: "write to read-only memory", "pointer dereference" */
	{ .head = "Unable to handle kernel ([a-z][A-Za-z -]*?)(?: at (?:virtual )?address| in "
		  "virtual| for | "
		  "without |[^A-Za-z -]|$)",
	  .title = "BUG: unable to handle kernel $1 in $F",
	  .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule protection[] = {
	{ .head = "general protection fault.*:",
	  .title = "general protection fault in $F",
	  .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule segment[] = {
	{ .head = "stack segment: ", .title = "stack segment fault in $F", .recipe = IP_CT_T },
	{ .head = NULL },
};

#define PANIC "Kernel panic - not syncing: "

static const struct rule panics[] = {
	{ .head = PANIC "stack-protector:",
	  .body = { PANIC "stack-protector: Kernel stack is corrupted in: {F}" },
	  .title = "kernel panic: stack is corrupted in $1",
	  .no_trace = true },
	{ .head = PANIC "stack-protector:",
	  .body = { PANIC "stack-protector: Kernel stack is corrupted in: [a-f0-9]+" },
	  .title = "kernel panic: stack is corrupted in $F",
	  .recipe = CT_T,
	  .noise = "stack_chk" },
	{ .head = PANIC "corrupted stack end",
	  .body = { PANIC "corrupted stack end detected inside scheduler" },
	  .title = "kernel panic: corrupted stack end in $F",
	  .recipe = CT_T,
	  .noise = "schedule retint_kernel",
	  .extractor = EXTRACT_STALL },
	{ .head = PANIC "kernel stack overflow",
	  .title = "kernel stack overflow in $F",
	  .recipe = CT_T,
	  .noise = "bad_stack",
	  .extractor = EXTRACT_STALL },
	{ .head = PANIC "Attempted to kill init!",
	  .title = "kernel panic: Attempted to kill init!" },
	{ .head = PANIC "Couldn't open N_TTY ldisc for .*--- error -[0-9]+",
	  .title = "kernel panic: Couldn't open N_TTY ldisc" },
	{ .head = PANIC "(Fatal exception|panic_on_warn set|hung_task: blocked tasks)",
	  .title = "kernel panic: $1",
	  .corrupted = true },
	{ .head = PANIC "{REST}", .title = "kernel panic: $1" },
	{ .head = NULL },
};

static const struct rule double_fault[] = {
	{ .head = "PANIC: double fault", .title = "PANIC: double fault in $F", .recipe = "IP" },
	{ .head = NULL },
};

static const struct rule rust[] = {
	{ .head = "rust_kernel: panicked",
	  .body = { "rust_kernel: panicked at .*\\n(.*)" },
	  .title = "$1 in $F",
	  .recipe = CT_T,
	  .noise = "__rustc::rust_begin_unwind" },
	{ .head = NULL },
};

static const struct rule kernel_bug[] = {
	{ .head = "kernel BUG at mm/usercopy\\.c",
	  .title = "BUG: bad usercopy in $F",
	  .recipe = CT_T,
	  .noise = "usercopy __check" },
	{ .head = "kernel BUG at lib/list_debug\\.c",
	  .title = "BUG: corrupted list in $F",
	  .recipe = CT_T },
	{ .head = "kernel BUG at {REST}",
	  .title = "kernel BUG in $F",
	  .recipe = IP_CT_T,
	  .noise = "skb_*" },
	{ .head = NULL },
};

static const struct rule big_kernel_bug[] = {
	{ .head = "Kernel BUG(?:: [0-9a-f]+)? \\[#[0-9]+\\]",
	  .title = "kernel BUG in $F",
	  .recipe = "IP;CT;T;ELSE;CT;T" },
	{ .head = "Kernel BUG {REST}", .title = "kernel BUG $1" },
	{ .head = NULL },
};

static const struct rule bug_kmalloc[] = {
	{ .head = "BUG kmalloc-.*: Object already free", .title = "BUG: Object already free" },
	{ .head = NULL },
};

static const struct rule divide[] = {
	{ .head = "divide error: ", .title = "divide error in $F", .recipe = "IP" },
	{ .head = NULL },
};

static const struct rule divide_old[] = {
	{ .head = "divide_error: ", .title = "divide error in $F", .recipe = "IP" },
	{ .head = NULL },
};

static const struct rule opcode[] = {
	{ .head = "invalid opcode: ", .title = "invalid opcode in $F", .recipe = "IP" },
	{ .head = NULL },
};

static const struct rule int3[] = {
	{ .head = "int3: ", .title = "int3 in $F", .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule ubsan[] = {
	{ .head = "UBSAN:",
	  .body = { "UBSAN: Undefined behaviour in" },
	  .title = "UBSAN: undefined-behaviour in $F",
	  .recipe = CT_T,
	  .noise = "ubsan overflow" },
	{ .head = "UBSAN: array-index-out-of-bounds in",
	  .title = "UBSAN: array-index-out-of-bounds in $F",
	  .recipe = CT_T,
	  .noise = "ubsan overflow" },
	{ .head = "UBSAN:",
	  .body = { "UBSAN: (.*?) in" },
	  .title = "UBSAN: $1 in $F",
	  .recipe = CT_T,
	  .noise = "ubsan overflow" },
	{ .head = NULL },
};

static const struct rule booting[] = {
	{ .head = "\\A *Booting the kernel",
	  .title = "unexpected kernel reboot",
	  .no_trace = true },
	{ .head = NULL },
};

static const struct rule netdevice[] = {
	{ .head = "unregister_netdevice: waiting for .* to become free",
	  .title = "unregister_netdevice: waiting for DEV to become free",
	  .no_trace = true },
	{ .head = NULL },
};

static const struct rule vfs_close[] = {
	{ .head = "VFS: Close: file count is 0",
	  .title = "VFS: Close: file count is zero (use-after-free)",
	  .no_trace = true },
	{ .head = NULL },
};

static const struct rule vfs_busy[] = {
	{ .head = "VFS: Busy inodes after unmount",
	  .title = "VFS: Busy inodes after unmount (use-after-free)",
	  .no_trace = true },
	{ .head = NULL },
};

static const struct rule internal[] = {
	{ .head = "Internal error:", .title = "Internal error in $F", .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule unhandled[] = {
	{ .head = "Unhandled fault:", .title = "Unhandled fault in $F", .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule alignment[] = {
	{ .head = "Alignment trap:", .title = "Alignment trap in $F", .recipe = IP_CT_T },
	{ .head = NULL },
};

static const struct rule trusty[] = {
	{ .head = "trusty: panic.* ASSERT FAILED",
	  .body = { "trusty: panic \\(.*?\\):(?: DEBUG)? ASSERT FAILED at \\(.*?\\): {REST}" },
	  .title = "trusty: ASSERT FAILED: $1",
	  .no_trace = true },
	{ .head = "trusty: panic.* ASSERT FAILED.*: +{REST}",
	  .title = "trusty: ASSERT FAILED: $1",
	  .corrupted = true },
	{ .head = "trusty: panic",
	  .body = { "trusty: panic \\(.*?\\): {REST}" },
	  .title = "trusty: panic: $1",
	  .no_trace = true },
	{ .head = NULL },
};

static const struct rule fatal[] = {
	{ .head = "fatal error:", .title = "go runtime error", .no_trace = true },
	{ .head = NULL },
};

static const struct rule syzfail[] = {
	{ .head = "(SYZFAIL:.*)", .title = "$1", .no_trace = true },
	{ .head = NULL },
};

static const struct rule syzfatal[] = {
	{ .head = "(SYZFATAL:.*)", .title = "$1", .no_trace = true },
	{ .head = NULL },
};

static const struct rule program_panic[] = {
	{ .head = "panic: Sentry detected .* stuck task",
	  .title = "panic: Sentry detected stuck tasks",
	  .no_trace = true },
	{ .head = "(panic:.*)", .title = "$1", .no_trace = true },
	{ .head = NULL },
};

const struct rule *rules_of(const char *header)
{
	static const struct {
		const char *header;
		const struct rule *rules;
	} groups[] = {
		{ "BUG:", bug },
		{ "WARNING:", warning },
		{ "INFO:", info },
		{ "Unable to handle kernel", unable },
		{ "general protection fault", protection },
		{ "stack segment: ", segment },
		{ "Kernel panic", panics },
		{ "PANIC: double fault", double_fault },
		{ "rust_kernel: panicked", rust },
		{ "kernel BUG", kernel_bug },
		{ "Kernel BUG", big_kernel_bug },
		{ "BUG kmalloc-", bug_kmalloc },
		{ "divide error:", divide },
		{ "divide_error:", divide_old },
		{ "invalid opcode:", opcode },
		{ "int3:", int3 },
		{ "UBSAN:", ubsan },
		{ "Booting the kernel.", booting },
		{ "unregister_netdevice: waiting for", netdevice },
		{ "VFS: Close: file count is 0", vfs_close },
		{ "VFS: Busy inodes after unmount", vfs_busy },
		{ "Internal error:", internal },
		{ "Unhandled fault:", unhandled },
		{ "Alignment trap:", alignment },
		{ "trusty: panic", trusty },
		{ "fatal error:", fatal },
		{ "SYZFAIL:", syzfail },
		{ "SYZFATAL:", syzfatal },
		{ "panic:", program_panic },
		{ "LOCKUP", rules_lockup },
		{ "BUG ", rules_slab },
		{ "PANIC at ", rules_zfs },
		{ "VERIFY", rules_zfs },
		{ "PANIC: early exception", rules_early },
		{ "PANIC: zfs", rules_early },
		{ "CFI failure ", rules_cfi },
		{ "Kernel Fault: Code=", rules_parisc },
		{ "Bad Address (", rules_parisc },
		{ "(code ", rules_parisc },
		{ "): Oops ", rules_alpha },
		{ "): Kernel ", rules_alpha },
		{ "Oops: ", rules_m68k },
		{ "BAD KERNEL ", rules_m68k },
		{ "[#", rules_oops },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
		if (strcmp(groups[i].header, header) == 0)
			return groups[i].rules;
	}
	return NULL;
}

const char rules_noise[] =
	/* reporting and tracing */
	"__sanitizer __asan kasan hwasan __msan kmsan kcsan_setup_watchpoint check_memory_region "
	"check_heap_object check_object print_address_description panic invalid_op report_bug "
	"fixup_bug print_report print_usage_bug do_error *_trap do_trap show_stack dump_stack "
	"walk_stack dump_backtrace warn_slowpath warn_alloc warn_bogus __warn debug_object "
	"timer_is_static_object work_is_static_object print_unlock imbalance_bug lockdep "
	"perf_trace "
	"stack_trace_consume_entry arch_stack_walk stack_trace_save print_tainted =get_taint "
	"assertfail assfail asswarn ~assert_ unwind_backtrace drm_warn __fortify_report "
	"program_check_exception program_check_common do_kernel_fault "
	"do_translation_fault do_mem_abort el1_abort el1h_64_sync _indirect_thunk_ "
	"hex_dump_to_buffer print_hex_dump trace_hardirq trace_softirq lockdep_hardirq "
	"lockdep_softirq "
	/* memory */
	"alloc_page malloc zalloc calloc krealloc kmem_cache allocate_slab "
	"__alloc_frozen_pages_noprof folio_alloc folio_unlock filemap_alloc_folio "
	"__filemap_get_folio find_or_create_page do_read_cache_folio read_cache_page "
	"pagecache_get_page grab_cache_page_write_begin slab_ =kfree =kvfree kfree_skb lock_page* "
	"unlock_page* __phys_addr find_lock_entries truncate_inode_pages_range mark_buffer_dirty "
	"ida_free "
	/* copying, user access, strings, printing */
	"__might_fault might_fault might_sleep __might_resched memcpy memcmp memset memchr memmove "
	"memdup strcmp strncmp strcpy strlcpy strncpy strscpy strlen strstr strnstr strnlen strchr "
	"strdup strndup copy_to_user copy_from_user copy_to_iter copy_from_iter copy_page_to_iter "
	"copy_page_from_iter copy_folio_to_iter =copyin =copyout put_user get_user "
	"extract_user_to_sg extract_iter_to_sg string pointer snprintf scnprintf kasprintf "
	"kvasprintf "
	"printk va_format dev_info dev_notice dev_warn dev_err dev_alert dev_crit dev_emerg "
	"read_word_at_a_time read_once_?nocheck write_once_?nocheck "
	/* locks and atomics */
	"bh_enable bh_disable lock_acquire lock_release lock_class mark_lock reacquire_held_locks "
	"mark_held_locks raw_spin_rq spin_lock spin_trylock spin_unlock read_lock read_trylock "
	"write_lock write_trylock read_unlock write_unlock =down down_read down_write "
	"down_read_trylock down_write_trylock down_trylock up_read up_write mutex_* __mutex_* "
	"rt_mutex_* owner_on_cpu osq_lock osq_unlock seqprop_assert set_bit clear_bit change_bit "
	"test_bit refcount_* kref_* ref_tracker atomic_dec atomic_inc atomic_read atomic_set "
	"atomic_or atomic_xor atomic_and atomic_add atomic_sub atomic_fetch atomic_xchg "
	"atomic_cmpxchg atomic_try atomic64_dec atomic64_inc atomic64_read atomic64_set "
	"atomic64_or "
	"atomic64_xor atomic64_and atomic64_add atomic64_sub atomic64_fetch atomic64_xchg "
	"atomic64_cmpxchg atomic64_try "
	/* lists, trees, tables */
	"list_add list_del list_replace list_move list_splice rb_* __rb_* klist_* xas_start "
	"xas_load "
	"xas_find rhashtable_lookup "
	/* waiting, work, timers */
	"__wake_up finish_wait =complete wait_for_completion kthread_stop del_timer "
	"lock_timer_base "
	"__timer_delete_sync sk_stop_timer_sync __mod_timer flush_work __cancel_work_timer "
	"cancel_work_sync try_to_grab_pending flush_workqueue drain_workqueue destroy_workqueue "
	"queue_work insert_work __queue_delayed_work queue_delayed_work_on cleanup_srcu_struct "
	/* devices, objects, inodes */
	"kobject_ add_uevent_var get_device_parent device_add device_del device_unregister "
	"device_destroy device_release devres_release_all hwrng_unregister i2c_del_adapter "
	"__unregister_client device_for_each_child rollback_registered unregister_netdev "
	"sysfs_remove device_remove_file tty_unregister_device dummy_urb_enqueue usb_kill_urb "
	"usb_kill_anchored_urbs usb_control_msg usb_hcd_submit_urb usb_submit_urb =put_device "
	"=iput "
	"=iput_final =ihold drop_nlink fast_dput dput "
	/* port access and checksums */
	"*readb *readw *readl *readq *writeb *writew *writel *writeq logic_in logic_out crc_itu_t "
	"crc#*";

const char rules_anchors[] =
	"process_one_work do_syscall_ do_fast_syscall_ sysenter_dispatch tracesys_phase2 "
	"el0_svc_handler invoke_syscall ret_fast_syscall netif_receive_skb do_softirq "
	"call_timer_fn "
	"_run_timers run_timer_softirq hrtimer_run run_ksoftirqd smpboot_thread_fn =kthread "
	"start_secondary cpu_startup_entry ret_from_fork vfs_write vfs_read vfs_iter_read "
	"vfs_iter_write do_iter_read do_iter_write call_read_iter call_write_iter new_sync_read "
	"new_sync_write vfs_ioctl ksys_ioctl compat_ioctl compat_sys_ioctl blkdev_driver_ioctl "
	"blkdev_ioctl do_iter_readv_writev call_mmap* mmap_region do_mmap do_dentry_open vfs_open "
	"sock_sendmsg* sock_recvmsg* sock_release* __sock_release* =setsockopt kernel_setsockopt "
	"sock_common_setsockopt =listen kernel_listen sk_common_release sock_mmap* =accept "
	"kernel_accept sock_do_ioctl* sock_ioctl* compat_sock_ioctl* nfnetlink_rcv_msg* "
	"rtnetlink_rcv_msg* netlink_dump* socketpair* connect* ioctl* sys_socketpair* sys_connect* "
	"sys_ioctl* __do_fault do_page_fault =page_fault __fput task_work_run exit_to_usermode "
	"smp_call_function tasklet_action tasklet_hi_action";

/* In order; "|" between beginnings of one type. */
static const char *const types[][2] = {
	{ "KFENCE-USE-AFTER-FREE-WRITE", "KFENCE: use-after-free write" },
	{ "KFENCE-USE-AFTER-FREE-READ", "KFENCE: use-after-free" },
	{ "KFENCE-WRITE", "KFENCE: invalid write|KFENCE: out-of-bounds write" },
	{ "KFENCE-READ", "KFENCE: invalid read|KFENCE: out-of-bounds" },
	{ "KFENCE-MEMORY-CORRUPTION", "KFENCE: memory corruption" },
	{ "KFENCE-INVALID-FREE", "KFENCE: invalid free" },
	{ "KMSAN-UNINIT-VALUE", "KMSAN: uninit-value" },
	{ "KMSAN-USE-AFTER-FREE-READ",
	  "KMSAN: kernel-infoleak-after-free|KMSAN: kernel-usb-infoleak-after-free|"
	  "KMSAN: use-after-free" },
	{ "KMSAN-INFO-LEAK", "KMSAN: kernel-infoleak|KMSAN: kernel-usb-infoleak" },
	{ "KASAN-NULL-POINTER-DEREFERENCE-WRITE", "KASAN: null-ptr-deref Write" },
	{ "KASAN-NULL-POINTER-DEREFERENCE-READ", "KASAN: null-ptr-deref Read" },
	{ "NULL-POINTER-DEREFERENCE", "BUG: unable to handle kernel NULL pointer dereference in" },
	{ "KASAN-WRITE", "KASAN: global-out-of-bounds Write|KASAN: slab-out-of-bounds Write|"
			 "KASAN: stack-out-of-bounds Write|KASAN: vmalloc-out-of-bounds Write|"
			 "KASAN: out-of-bounds Write|KASAN: user-memory-access Write|"
			 "KASAN: wild-memory-access Write" },
	{ "KASAN-READ",
	  "KASAN: global-out-of-bounds Read|KASAN: vmalloc-out-of-bounds Read|"
	  "KASAN: out-of-bounds Read|KASAN: user-memory-access Read|KASAN: invalid-access Read|"
	  "KASAN: unknown-crash Read|KASAN: slab-out-of-bounds|KASAN: stack-out-of-bounds|"
	  "KASAN: wild-memory-access" },
	{ "KASAN-INVALID-FREE", "KASAN: double-free or invalid-free|KASAN: invalid-free" },
	{ "KASAN-USE-AFTER-FREE-WRITE",
	  "KASAN: slab-use-after-free Write|KASAN: use-after-free Write" },
	{ "KASAN-USE-AFTER-FREE-READ", "KASAN: slab-use-after-free Read|KASAN: use-after-free" },
	{ "MEMORY_SAFETY_BUG", "BUG: corrupted list|BUG: unable to handle kernel paging request" },
	{ "REFCOUNT_WARNING", "WARNING: refcount bug" },
	{ "MEMORY_SAFETY_UBSAN", "UBSAN: array-index-out-of-bounds" },
	{ "KCSAN-DATARACE", "KCSAN: data-race" },
	{ "KCSAN-ASSERT", "KCSAN: assert: race in" },
	{ "LOCKDEP",
	  "BUG: bad unlock balance in|BUG: held lock freed in|BUG: rwlock|BUG: spinlock|"
	  "BUG: still has locks held in|BUG: using|WARNING: bad unlock balance in|"
	  "WARNING: held lock freed in|WARNING: lock held|WARNING: locking bug in|"
	  "WARNING: nested lock was not taken in|WARNING: still has locks held in|"
	  "WARNING: suspicious RCU usage in|inconsistent lock state in|possible deadlock in" },
	{ "ATOMIC_SLEEP",
	  "BUG: scheduling while atomic in|BUG: sleeping function called from invalid context in" },
	{ "LEAK", "memory leak in" },
	{ "BUG", "BUG: bad usercopy in|kernel BUG" },
	{ "WARNING", "WARNING in" },
	{ "UNKNOWN", "BUG: stack guard page was hit in|WARNING: corrupted|"
		     "WARNING: kernel stack frame pointer has bad value|"
		     "WARNING: kernel stack regs has bad" },
	{ "HANG", "BUG: soft lockup in|BUG: hard lockup in|INFO: rcu detected stall in|INFO: task "
		  "can't die in|"
		  "INFO: task hung in" },
	{ "DoS",
	  "Alignment trap in|BUG: Object already free|Internal error in|PANIC: double fault|"
	  "Unhandled fault in|VFS: Close: file count is zero (use-after-free)|"
	  "VFS: Busy inodes after unmount (use-after-free)|divide error in|"
	  "general protection fault in|go runtime error|int3 in|invalid opcode in|kernel panic:|"
	  "kernel stack overflow|panic:|rust_kernel panicked|stack segment fault in|trusty:|"
	  "unregister_netdevice: waiting for DEV to become free" },
	{ "NO_OUTPUT", "no output from test machine" },
	{ "LOST_CONNECTION", "lost connection to test machine" },
	{ "REBOOT", "unexpected kernel reboot" },
	{ "SYZ_FAILURE", "SYZFAIL|SYZFATAL:" },
	{ "WARNING", "WARNING:" },
	{ "UNKNOWN", "BUG:|INFO:" },
	{ "KASAN-UNKNOWN", "KASAN:" },
	{ "KFENCE-UNKNOWN", "KFENCE:" },
	{ "KMSAN-UNKNOWN", "KMSAN:" },
	{ "UBSAN", "UBSAN:" },
	{ "KCSAN-UNKNOWN", "KCSAN:" },
};

const char *rules_type(const char *title)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		g_auto(GStrv) beginnings = g_strsplit(types[i][1], "|", -1);
		for (char **b = beginnings; *b; b++) {
			if (g_str_has_prefix(title, *b))
				return types[i][0];
		}
	}
	return "UNKNOWN";
}
