/*
 * The symbol table is indexed by name once; a name with the size that the report gives is an
 * address, and libdw tells the address's line and the functions that were inlined there. The file
 * may come from a hostile tree: what it could make this process allocate is bounded before libdw
 * sees it.
 */
#include "symbols.h"

#include "shape.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

struct symbol {
	guint64 address, size; /* size: to the next symbol, as the kernel counts */
	const char *name;      /* in the ELF file */
};

struct symbols {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwfl *dwfl;	     /* of a module, which is not linked: it owns `dwarf`; else NULL */
	GArray *all;	     /* struct symbol, by address */
	GHashTable *by_name; /* name -> GArray of guint: indexes into `all` */
};

/* ---- the index ---- */

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	return x->address < y->address ? -1 : x->address > y->address;
}

static void index_symbols(struct symbols *s);

static void read_symbols(struct symbols *s)
{
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(s->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB ||
		    !header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		for (guint64 i = 0; i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym sym;
			if (!gelf_getsym(data, (int)i, &sym) || !sym.st_name || !sym.st_value ||
			    sym.st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym.st_info) == STT_FILE)
				continue;
			struct symbol one = { .address = sym.st_value,
					      .size = sym.st_size,
					      .name = elf_strptr(s->elf, header.sh_link,
								 sym.st_name) };
			if (one.name)
				g_array_append_val(s->all, one);
		}
	}
	index_symbols(s);
}

static void index_symbols(struct symbols *s)
{
	g_array_sort(s->all, by_address);
	for (guint i = 0; i < s->all->len; i++) {
		struct symbol *one = &g_array_index(s->all, struct symbol, i);
		guint next = i + 1;
		while (next < s->all->len &&
		       g_array_index(s->all, struct symbol, next).address == one->address)
			next++;
		if (next < s->all->len)
			one->size =
				g_array_index(s->all, struct symbol, next).address - one->address;
		GArray *same = g_hash_table_lookup(s->by_name, one->name);
		if (!same) {
			same = g_array_new(FALSE, FALSE, sizeof(guint));
			g_hash_table_insert(s->by_name, (char *)one->name, same);
		}
		g_array_append_val(same, i);
	}
}

/* A kernel with all drivers has some two million symbols. */
#define MOST_SYMBOL_BYTES ((guint64)128 << 20)
/* Debug information that is compressed (CONFIG_DEBUG_INFO_COMPRESSED), once it is not any more. */
#define MOST_INFLATED_BYTES ((guint64)2 << 30)

/* What of the file is read into memory rather than mapped. */
static bool is_too_large(Elf *elf)
{
	guint64 symbols = 0, inflated = 0;
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		GElf_Chdr compressed;
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB)
			symbols += MIN(header.sh_size, MOST_SYMBOL_BYTES + 1);
		if (header.sh_flags & SHF_COMPRESSED && gelf_getchdr(section, &compressed))
			inflated += MIN(compressed.ch_size, MOST_INFLATED_BYTES + 1);
		if (symbols > MOST_SYMBOL_BYTES || inflated > MOST_INFLATED_BYTES)
			return true;
	}
	return false;
}

static void free_array(void *p)
{
	g_array_unref(p);
}

/* ---- modules ---- */

/* Debug information is in the module's file or nowhere: none is fetched. */
static int find_nothing(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)path;
	return -1;
}

/* A module's sections have no addresses yet: libdwfl lays them out and relocates what names them.
 */
static void open_module(struct symbols *s, const char *path)
{
	static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf,
						  .find_debuginfo = find_nothing,
						  .section_address = dwfl_offline_section_address };
	Dwarf_Addr bias = 0;
	s->dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = dwfl_report_offline(s->dwfl, path, path, -1);
	dwfl_report_end(s->dwfl, NULL, NULL);
	s->dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;
	for (int i = 1; s->dwarf && i < dwfl_module_getsymtab(module); i++) {
		GElf_Sym sym;
		GElf_Addr address;
		GElf_Word section;
		const char *name =
			dwfl_module_getsym_info(module, i, &sym, &address, &section, NULL, NULL);
		if (!name || !*name || section == SHN_UNDEF || section >= SHN_LORESERVE ||
		    GELF_ST_TYPE(sym.st_info) == STT_FILE ||
		    GELF_ST_TYPE(sym.st_info) == STT_SECTION)
			continue;
		struct symbol one = { .address = address - bias,
				      .size = sym.st_size,
				      .name = name };
		g_array_append_val(s->all, one);
	}
	index_symbols(s);
}

static bool is_unlinked(Elf *elf)
{
	GElf_Ehdr header;
	return gelf_getehdr(elf, &header) && header.e_type == ET_REL;
}

err_t symbols_open(const char *vmlinux, struct symbols **out, struct error *error)
{
	struct symbols *s = g_new0(struct symbols, 1);
	s->fd = open(vmlinux, O_RDONLY | O_CLOEXEC);
	s->all = g_array_new(FALSE, FALSE, sizeof(struct symbol));
	s->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_array);
	elf_version(EV_CURRENT);
	err_t err = 0;
	if (s->fd < 0)
		err = error_set(error, errno, "cannot read %s: %s", vmlinux, g_strerror(errno));
	else if (!(s->elf = elf_begin(s->fd, ELF_C_READ_MMAP, NULL)) ||
		 elf_kind(s->elf) != ELF_K_ELF)
		err = error_set(error, EINVAL, "%s is no ELF file", vmlinux);
	else if (is_too_large(s->elf))
		err = error_set(error, EFBIG, "%s has more symbols than a kernel", vmlinux);
	else if (is_unlinked(s->elf))
		open_module(s, vmlinux);
	else if ((s->dwarf = dwarf_begin_elf(s->elf, DWARF_C_READ, NULL)))
		read_symbols(s);
	if (!err && !s->dwarf)
		err = error_set(error, ENODATA, "%s has no debug information", vmlinux);
	if (err) {
		symbols_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void symbols_close(struct symbols *s)
{
	if (!s)
		return;
	if (s->dwfl)
		dwfl_end(s->dwfl);
	else
		dwarf_end(s->dwarf);
	elf_end(s->elf);
	if (s->fd >= 0)
		close(s->fd);
	g_hash_table_unref(s->by_name);
	g_array_unref(s->all);
	g_free(s);
}

/* 0: there is none. Of several functions of one name that with the size counts. */
static guint64 address_of(const struct symbols *s, const char *name, guint64 size)
{
	GArray *same = g_hash_table_lookup(s->by_name, name);
	for (guint i = 0; same && i < same->len; i++) {
		const struct symbol *one =
			&g_array_index(s->all, struct symbol, g_array_index(same, guint, i));
		if (one->size == size)
			return one->address;
	}
	/* alone, it is meant even if a tool has counted its size in another way */
	return same && same->len == 1
		       ? g_array_index(s->all, struct symbol, g_array_index(same, guint, 0)).address
		       : 0;
}

/* ---- positions ---- */

static char *tidy_path(const char *file, const char *directory, const char *tree)
{
	g_autofree char *joined = *file == '/' || !directory
					  ? g_strdup(file)
					  : g_strdup_printf("%s/%s", directory, file);
	g_auto(GStrv) parts = g_strsplit(joined, "/", -1);
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	for (char **p = parts; *p; p++) {
		if (strcmp(*p, "..") == 0 && out->len > 1)
			g_ptr_array_remove_index(out, out->len - 1);
		else if (strcmp(*p, ".") != 0 && (**p || p == parts))
			g_ptr_array_add(out, *p);
	}
	g_ptr_array_add(out, NULL);
	g_autofree char *path = g_strjoinv("/", (char **)out->pdata);
	gsize n = tree ? strlen(tree) : 0;
	if (n && strncmp(path, tree, n) == 0 && path[n] == '/')
		return g_strdup(path + n + 1);
	g_autoptr(GMatchInfo) info = NULL;
	if (g_regex_match(shape_regex("^.*/slots/[0-9]+/(?:src|obj)/(.*)"), path, 0, &info))
		return g_match_info_fetch(info, 1);
	return g_steal_pointer(&path);
}

static const char *directory_of(Dwarf_Die *cu)
{
	Dwarf_Attribute attr;
	return dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &attr));
}

static char *position(Dwarf_Die *cu, const char *file, int line, const char *tree)
{
	g_autofree char *path = tidy_path(file ? file : "??", directory_of(cu), tree);
	return g_strdup_printf("%s:%d", path, line);
}

static const char *call_file(Dwarf_Die *cu, Dwarf_Die *die)
{
	Dwarf_Files *files;
	Dwarf_Attribute attr;
	Dwarf_Word n;
	if (dwarf_getsrcfiles(cu, &files, NULL) != 0 ||
	    dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &n) != 0)
		return NULL;
	return dwarf_filesrc(files, n, NULL, NULL);
}

static int call_line(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word n;
	return dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &n) == 0 ? (int)n : 0;
}

/* One line of the report becomes one for each function at this address, the innermost first. */
static bool add_frames(struct symbols *s, guint64 pc, const char *before, const char *frame,
		       const char *after, const char *tree, GString *out)
{
	Dwarf_Die cu, *scopes = NULL;
	if (!dwarf_addrdie(s->dwarf, pc, &cu))
		return false;
	Dwarf_Line *row = dwarf_getsrc_die(&cu, pc);
	const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL;
	int line = 0;
	bool any = false;
	if (row && dwarf_lineno(row, &line) != 0)
		line = 0;
	/* the scopes of an inlined function are those of its source; its parents tell who called */
	Dwarf_Die *innermost = NULL;
	int n = dwarf_getscopes(&cu, pc, &innermost);
	if (n > 0)
		n = dwarf_getscopes_die(&innermost[0], &scopes);
	free(innermost);
	for (int i = 0; i < n; i++) {
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		const char *name = dwarf_diename(&scopes[i]);
		if (file && line && name) { /* line 0: code that is of no line */
			g_autofree char *where = position(&cu, file, line, tree);
			g_string_append_printf(out, "%s%s %s [inline]\n", before, name, where);
			any = true;
		}
		file = call_file(&cu, &scopes[i]);
		line = call_line(&scopes[i]);
	}
	free(scopes);
	if (!file || !line) {
		if (any)
			g_string_append_printf(out, "%s%s%s\n", before, frame, after);
		return any;
	}
	g_autofree char *where = position(&cu, file, line, tree);
	g_string_append_printf(out, "%s%s %s%s\n", before, frame, where, after);
	return true;
}

#define FRAME_SHAPE "^(.*?)([a-zA-Z0-9_.]+)\\+0x([0-9a-f]+)/0x([0-9a-f]+)( \\[[^\\]\\n]*\\])?(.*)$"

/* " [nfsd]", " [nfsd 0123abcd...]"; "" is the kernel's. */
static bool is_of(const char *module, const char *brackets)
{
	gsize n = module ? strlen(module) : 0;
	if (!module)
		return !*brackets;
	return strlen(brackets) > n + 2 && strncmp(brackets + 2, module, n) == 0 &&
	       strchr("] ", brackets[2 + n]);
}

static bool add_symbolised(struct symbols *s, const char *of, const char *line, const char *tree,
			   GString *out)
{
	g_autoptr(GMatchInfo) info = NULL;
	if (strlen(line) > 4096 || !strstr(line, "+0x") ||
	    !g_regex_match(shape_regex(FRAME_SHAPE), line, 0, &info))
		return false;
	g_autofree char *before = g_match_info_fetch(info, 1);
	g_autofree char *name = g_match_info_fetch(info, 2);
	g_autofree char *offset = g_match_info_fetch(info, 3);
	g_autofree char *size = g_match_info_fetch(info, 4);
	g_autofree char *module = g_match_info_fetch(info, 5);
	g_autofree char *after = g_match_info_fetch(info, 6);
	if (g_regex_match(shape_regex("^ [^ ]+:[0-9]+"), after, 0, NULL))
		return false; /* it has its position */
	if (!is_of(of, module))
		return false;
	guint64 address = address_of(s, name, g_ascii_strtoull(size, NULL, 16));
	if (!address)
		return false;
	guint64 pc = address + g_ascii_strtoull(offset, NULL, 16);
	/* a caller's address is that of the next instruction: the call lies before it */
	bool exact = strstr(before, "IP") || strstr(before, "pc ");
	g_autofree char *frame =
		g_strdup_printf("%s+0x%s/0x%s%s", name, offset, size, module ? module : "");
	return add_frames(s, exact ? pc : pc - 1, before, frame, after, tree, out);
}

char *symbols_report(struct symbols *s, const char *module, const char *report, const char *tree)
{
	GString *out = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(report, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (!l[1] && !**l)
			break;
		if (!add_symbolised(s, module, *l, tree, out))
			g_string_append_printf(out, "%s\n", *l);
	}
	return g_string_free(out, FALSE);
}

char *symbols_build_id(struct symbols *s)
{
	const void *id;
	gssize n = dwelf_elf_gnu_build_id(s->elf, &id);
	GString *hex = n > 0 ? g_string_new(NULL) : NULL;
	for (gssize i = 0; i < n; i++)
		g_string_append_printf(hex, "%02x", ((const guchar *)id)[i]);
	return hex ? g_string_free(hex, FALSE) : NULL;
}
