/*
 * symbolise VMLINUX [TREE] <REPORT: prints the report with source positions. For the tests.
 */
#include "engine/triage/symbols.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct symbols *s;
	struct error why = { 0 };
	g_autoptr(GString) text = g_string_new(NULL);
	char buf[65536];
	size_t n;
	if (argc < 2)
		return 2;
	if (symbols_open(argv[1], &s, &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		g_string_append_len(text, buf, (gssize)n);
	g_autofree char *out = symbols_report(s, NULL, text->str, argc > 2 ? argv[2] : NULL);
	fputs(out, stdout);
	symbols_close(s);
	return 0;
}
