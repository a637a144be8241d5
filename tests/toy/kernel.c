/*
 * The toy kernel: boots in a fraction of a second, prints like Linux and crashes like Linux, as its
 * toy.h says. Freestanding 32-bit code for `qemu -kernel` (multiboot).
 *
 * toy.h may define: TOY_NUMBER (of the commit), TOY_CRASH (always), TOY_FLAKY N (one boot in N),
 * TOY_WARN (another crash than the wanted one), TOY_SILENT (never says anything), TOY_HANG (after
 * boot), TOY_NEEDS_BACKPORT (does not compile without TOY_BACKPORT), TOY_LINES N (of output before
 * the test), TOY_EARLY (crashes before it is ready), TOY_RESETS (resets then), TOY_SUITE (prints
 * what a test suite prints, of whose cases TOY_FAILS N names one that fails), TOY_SPEED N (prints
 * that number), TOY_BROKEN (does not compile), TOY_WARNING (compiles
 * with one), TOY_FLOOD (prints for ever), TOY_PANICS (crashes for
 * ever), TOY_FAKE (says what our init would say, as far as it can know),
 * TOY_SLOW N (its speed, a number about 1000 that it prints, is N less).
 */
#include "read.h"
#include "toy.h"

#ifdef TOY_BROKEN
#error this commit does not build
#endif
#ifdef TOY_WARNING
#warning this commit compiles with a warning
#endif
#if __has_include("backport.h")
#include "backport.h"
#endif
#if defined TOY_NEEDS_BACKPORT && !defined TOY_BACKPORT
#error this commit does not build without its backport
#endif

/* The multiboot header has to be among the first 8 KiB of the file. */
__asm__(".section .multiboot, \"a\"\n"
	"	.long 0x1badb002, 0, -0x1badb002\n"
	".text\n");

__asm__(".globl _start\n"
	"_start:\n"
	"	mov $stack_top, %esp\n"
	"	call toy_main\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	".bss\n"
	".balign 16\n"
	"	.skip 16384\n"
	"stack_top:\n"
	".text\n");

static void outb(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char inb(unsigned short port)
{
	unsigned char value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

#define COM1 0x3f8
#define TRANSMITTER_EMPTY 0x20

static void put(char c)
{
	while (!(inb(COM1 + 5) & TRANSMITTER_EMPTY))
		;
	outb(COM1, (unsigned char)c);
}

static void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

__attribute__((unused)) static void print_number(unsigned n)
{
	char digits[12];
	int i = 11;
	digits[i] = '\0';
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	print(digits + i);
}

__attribute__((noreturn)) static void reset(void)
{
	outb(0x64, 0xfe); /* the keyboard controller's reset line */
	for (;;)
		__asm__ volatile("hlt");
}

__attribute__((unused)) static unsigned dice(void)
{
	unsigned low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (low >> 4) * 2654435761u >> 16;
}

__attribute__((unused)) static void oops(void)
{
	print("[    0.200000] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
	      "[    0.200000] #PF: supervisor read access in kernel mode\n"
	      "[    0.200000] #PF: error_code(0x0000) - not-present page\n"
	      "[    0.200000] Oops: 0000 [#1] SMP\n"
	      "[    0.200000] CPU: 0 PID: 1 Comm: init Not tainted 0.0.0-toy #1\n"
	      "[    0.200000] RIP: 0010:toy_read+0x12/0x40\n"
	      "[    0.200000] Call Trace:\n"
	      "[    0.200000]  <TASK>\n"
	      "[    0.200000]  vfs_read+0x95/0x190\n"
	      "[    0.200000]  ksys_read+0x5f/0xe0\n"
	      "[    0.200000]  </TASK>\n"
	      "[    0.200000] ---[ end trace 0000000000000000 ]---\n"
	      "[    0.200000] Kernel panic - not syncing: Fatal exception\n");
	reset();
}

__attribute__((unused)) static void warn(void)
{
	print("[    0.200000] WARNING: CPU: 0 PID: 1 at toy/other.c:42 toy_other+0x1/0x2\n"
	      "[    0.200000] RIP: 0010:toy_other+0x1/0x2\n"
	      "[    0.200000] ---[ end trace 0000000000000000 ]---\n");
	reset();
}

#ifndef TOY_FAILS
#define TOY_FAILS 0
#endif

__attribute__((unused)) static void suite(void)
{
	print("[    0.150000] KTAP version 1\n[    0.150000] 1..4\n");
	for (unsigned i = 1; i <= 4; i++) {
		/* the first one always fails, and is known to */
		print(i == TOY_FAILS || i == 1 ? "[    0.160000] not ok " : "[    0.160000] ok ");
		print_number(i);
		print(i == 1   ? " toy-known # TODO\n"
		      : i == 2 ? " toy-read\n"
		      : i == 3 ? " toy-device # SKIP no device\n"
			       : " toy-write # 2 ms\n");
	}
}

void toy_main(void);
void toy_main(void)
{
#ifdef TOY_SILENT
	for (;;)
		__asm__ volatile("hlt");
#endif
	print("[    0.000000] Linux version 0.0.0-toy\n");
	print("[    0.000000] toy commit ");
	print_number(TOY_NUMBER);
	print("\n");
#ifdef TOY_EARLY
	oops();
#endif
#ifdef TOY_RESETS
	reset();
#endif
	print("[    0.100000] toy: ready\n");
#ifdef TOY_SLOW
#define SPEED (1000 - TOY_SLOW)
#else
#define SPEED 1000
#endif
	print("toy: speed ");
	print_number(SPEED - 4 + dice() % 8);
	print("\n");
#ifdef TOY_LINES
	for (unsigned i = 0; i < TOY_LINES; i++) {
		print("[    0.150000] toy: line ");
		print_number(i);
		print("\n");
	}
#endif
#ifdef TOY_SUITE
	suite();
#endif
#ifdef TOY_SPEED
	print("[    0.150000] speed: ");
	print_number(TOY_SPEED);
	print(" MB/s\n");
#endif
#ifdef TOY_FAKE
	print("bisectfs 0123456789abcdef ready\nbisectfs 0123456789abcdef basic 0\n"
	      "bisectfs 0123456789abcdef exit 0\nbisectfs ready\nbisectfs basic 0\nbisectfs exit "
	      "0\n"
	      "bisectfs  ready\nbisectfs  basic 0\nbisectfs  exit 0\n");
	reset();
#endif
#ifdef TOY_FLOOD
	for (;;)
		print("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
#endif
#ifdef TOY_PANICS
	for (;;)
		print("[    0.200000] BUG: kernel NULL pointer dereference, address: "
		      "0000000000000008\n"
		      "[    0.200000] RIP: 0010:toy_read+0x12/0x40\n"
		      "[    0.200000] Kernel panic - not syncing: Fatal exception\n");
#endif
#ifdef TOY_HANG
	for (;;)
		__asm__ volatile("hlt");
#endif
#ifdef TOY_WARN
	warn();
#endif
/* built by the toy's kbuild it crashes with two of its options alone */
#if defined TOY_CRASH && \
	(!defined CONFIG_TOY || (defined CONFIG_TOY_READ && defined CONFIG_TOY_PROC))
	oops();
#endif
#ifdef TOY_FLAKY
	if (dice() % TOY_FLAKY == 0)
		oops();
#endif
	print("[    0.200000] toy: pass\n");
	reset();
}
