/*
 * A guest of fourteen bytes of code in 64-bit mode counts down and writes to a port. A child
 * process runs it, since KVM_RUN may not come back; it dies with whoever waits for it.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define GUEST_BYTES 0x200000
#define PAGE_PRESENT_RW 3
#define PAGE_HUGE 0x80

/* mov $100000, %ecx; 1: dec %ecx; jnz 1b; mov $0x42, %al; out %al, $0x10; hlt */
static const uint8_t code[] = { 0xb9, 0xa0, 0x86, 0x01, 0x00, 0xff, 0xc9,
				0x75, 0xfc, 0xb0, 0x42, 0xe6, 0x10, 0xf4 };
#define CODE_AT 0x4000

/* 64-bit mode over one huge page that maps the guest's memory to itself. */
static void long_mode(struct kvm_sregs *s, uint8_t *memory)
{
	uint64_t *pml4 = (uint64_t *)(void *)(memory + 0x1000);
	uint64_t *pdpt = (uint64_t *)(void *)(memory + 0x2000);
	uint64_t *pd = (uint64_t *)(void *)(memory + 0x3000);
	pml4[0] = 0x2000 | PAGE_PRESENT_RW;
	pdpt[0] = 0x3000 | PAGE_PRESENT_RW;
	pd[0] = PAGE_PRESENT_RW | PAGE_HUGE;
	struct kvm_segment cs = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1
	};
	struct kvm_segment ds = { .limit = 0xffffffff,
				  .selector = 16,
				  .type = 3,
				  .present = 1,
				  .s = 1,
				  .db = 1,
				  .g = 1 };
	s->cs = cs;
	s->ds = s->es = s->fs = s->gs = s->ss = ds;
	s->cr3 = 0x1000;
	s->cr4 = 1 << 5;		/* PAE */
	s->cr0 = 0x80000001;		/* paging, protection */
	s->efer = (1 << 8) | (1 << 10); /* long mode enabled, active */
}

static int run_guest(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return 1;
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	uint8_t *memory =
		mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_BYTES,
						      .userspace_addr = (uintptr_t)memory };
	int vcpu = vm < 0 || memory == MAP_FAILED ||
				   ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) != 0
			   ? -1
			   : ioctl(vm, KVM_CREATE_VCPU, 0);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_sregs sregs;
	if (vcpu < 0 || size <= 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0)
		return 2;
	struct kvm_run *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2 };
	memcpy(memory + CODE_AT, code, sizeof(code));
	long_mode(&sregs, memory);
	if (run == MAP_FAILED || ioctl(vcpu, KVM_SET_SREGS, &sregs) != 0 ||
	    ioctl(vcpu, KVM_SET_REGS, &regs) != 0)
		return 2;
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (ioctl(vcpu, KVM_RUN, 0) != 0) {
		if (errno != EINTR && errno != EAGAIN)
			return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != 0x10)
		return 3;
	int64_t us = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
	return us > 20000 ? 4 : 0;
}
#else
static int run_guest(void)
{
	return access("/dev/kvm", R_OK | W_OK) == 0 ? 0 : 1;
}
#endif

bool probe_kvm(char *why, int size)
{
	static const char *const reasons[] = {
		"guests run under KVM", "no usable /dev/kvm: guests run under TCG",
		"KVM cannot start a guest here: TCG is used",
		"a guest under KVM does not do what it should: TCG is used",
		"guests crawl under KVM here: TCG is used"
	};
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(why, (size_t)size, "the KVM probe could not start: TCG is used");
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char result = (char)run_guest();
		if (write(ends[1], &result, 1) != 1)
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	char result = 4; /* no answer in time: it crawls */
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	if (pid > 0 && poll(&p, 1, 3000) > 0 && read(ends[0], &result, 1) != 1)
		result = 2;
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	snprintf(why, (size_t)size, "%s", reasons[(int)result]);
	return result == 0;
}
