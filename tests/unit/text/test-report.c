/* Who is told of a culprit, and in what words: made from a session's state alone. */
#include "engine/session/recipients.h"
#include "engine/text/format.h"
#include "engine/text/mail.h"
#include "engine/text/page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char message[] = "commit 0000000000000000000000000000000000000007\n"
			      "Author: A \"Q\" U Thor <author@example.org>\n"
			      "Date:   Mon Jan 1 00:00:00 2024 +0000\n"
			      "\n"
			      "    proc: <b>bold</b> & wrong\n"
			      "    \n"
			      "    Cc: list@example.org\n"
			      "    Cc: stable@vger.kernel.org # 5.10\n"
			      "    Reported-by: Rep <rep@example.org>\n"
			      "    Reviewed-by: A U Thor <author@example.org>\n"
			      "    Link: <https://example.org/not@an-address>\n"
			      "    Acked-by: evil <a@example.org>, <b@example.org>\n"
			      "    Tested-by: no address\n"
			      "    Signed-off-by: New\tLine <new\x01line@example.org>\n"
			      "    signed-off-by: C O Mitter <committer@example.org>\n";

static struct session *finished(void)
{
	struct session *s = session_new("name");
	s->state = STATE_DONE;
	s->bad = g_strdup("0000000000000000000000000000000000000009");
	s->found = g_strsplit("0000000000000000000000000000000000000007", " ", -1);
	s->found_text = g_strdup(message);
	s->verdict = g_strdup("culprit 0000000000000000000000000000000000000007");
	s->started = 1;
	s->ended = 90000000001;
	return s;
}

static void test_recipients(void)
{
	struct session *s = finished();
	g_autoptr(GPtrArray) to = recipients_of(s);
	g_ptr_array_add(to, NULL);
	g_autofree char *all = g_strjoinv(" ", (char **)to->pdata);
	g_assert_cmpstr(all, ==,
			"to: author@example.org to: b@example.org to: committer@example.org "
			"to: list@example.org to: rep@example.org");
	session_free(s);
}

static void test_mail(void)
{
	struct session *s = finished();
	g_autoptr(GString) mail = g_string_new(NULL);
	g_autoptr(GString) log = g_string_new("what happened\n");
	mail_print(s, log, "the crash\n", mail);
	g_assert_true(g_str_has_prefix(mail->str, "To: author@example.org, b@example.org, "));
	g_assert_nonnull(strstr(mail->str, "\nSubject: [bisected] proc: <b>bold</b> & wrong\n"));
	g_assert_nonnull(strstr(mail->str, "\n\nA bisection has found the commit that began this"));
	g_assert_nonnull(strstr(mail->str, "the crash\n"));
	g_assert_true(g_str_has_suffix(mail->str, "\nThe bisection log:\n\nwhat happened\n"));
	g_string_truncate(mail, 0);
	s->state = STATE_RUNNING;
	g_clear_pointer(&s->verdict, g_free);
	mail_print(s, log, "", mail);
	g_assert_cmpstr(mail->str, ==, "");
	session_free(s);
}

/* Where the bug comes and goes the mail is about all its borders. */
static void test_mail_of_borders(void)
{
	struct session *s = finished();
	g_strfreev(s->found);
	s->found = g_strsplit("07 08", " ", -1);
	s->borders = g_strsplit("fixed 07 06 0|broken 08 - 2", "|", -1);
	g_free(s->verdict);
	s->verdict = g_strdup("inconclusive: comes and goes: fixed by 07, broken by 08");
	g_autoptr(GString) mail = g_string_new(NULL);
	g_autoptr(GString) log = g_string_new("what happened\n");
	mail_print(s, log, "", mail);
	g_assert_true(g_str_has_prefix(mail->str, "To: author@example.org, b@example.org, "));
	g_assert_nonnull(
		strstr(mail->str, "that this comes and goes, by these commits:\n\ncommit"));
	g_assert_nonnull(strstr(mail->str, "\ninconclusive: comes and goes: fixed by 07, "));
	session_free(s);
}

static void add_run(struct session *s, enum outcome_kind outcome, enum crash_type type,
		    const char *title)
{
	struct step *step = g_new0(struct step, 1);
	struct run run = { .outcome = outcome, .type = type, .title = g_strdup(title) };
	step->verdict = VERDICT_BAD;
	step->commit = g_strdup(s->bad);
	step->subject = g_strdup("subject");
	step->release = g_strdup("");
	step->reason = g_strdup("reason");
	step->runs = g_array_new(FALSE, FALSE, sizeof(struct run));
	g_array_append_val(step->runs, run);
	g_ptr_array_add(s->steps, step);
}

/* What did not crash is not called a crash. */
static void test_failures(void)
{
	static const struct {
		const char *test;
		enum outcome_kind outcome;
		enum crash_type type;
		const char *title, *head;
	} cases[] = {
		{ "run", OUTCOME_CRASHED, CRASH_BUG, "BUG: it", "The crash" },
		{ "run", OUTCOME_EXIT, CRASH_NONE, "not ok 3 foo", "What was printed last" },
		{ "boot", OUTCOME_BOOT_FAILED, CRASH_BUG, "BUG: early", "The crash" },
		{ "boot", OUTCOME_BOOT_FAILED, CRASH_NONE, "no output within 60 s",
		  "What was printed last" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct session *s = finished();
		g_autoptr(GString) mail = g_string_new(NULL);
		g_autoptr(GString) page = g_string_new(NULL);
		g_autoptr(GString) log = g_string_new("what happened\n");
		g_autofree char *subject =
			g_strdup_printf("\nSubject: [bisected] %s\n", cases[i].title);
		g_autofree char *head = g_strdup_printf("\n%s:\n\nlines\n", cases[i].head);
		g_autofree char *html = g_strdup_printf("<h2>%s</h2>", cases[i].head);
		settings_set(&s->settings, SET_TEST, cases[i].test, strlen(cases[i].test), NULL);
		add_run(s, cases[i].outcome, cases[i].type, cases[i].title);
		mail_print(s, log, "lines\n", mail);
		g_assert_nonnull(strstr(mail->str, subject));
		g_assert_nonnull(strstr(mail->str, head));
		page_print(s, "lines\n", page);
		g_assert_nonnull(strstr(page->str, html));
		session_free(s);
	}
}

/* Python's parser of mails says what a reader will see: subject, body, bytes of the longest line.
 */
static void test_mail_odd(void)
{
	static const char parse[] =
		"import sys, email, email.policy\n"
		"raw = sys.stdin.buffer.read()\n"
		"m = email.message_from_bytes(raw, policy=email.policy.default)\n"
		"assert not m.defects, m.defects\n"
		"assert max(len(l) for l in raw.split(b'\\n')) <= 998\n"
		"body = m.get_content()\n"
		"assert 'x' * 3000 in body and 'body \u00e4' in body\n"
		"assert not any(ord(c) < 32 and c not in '\\t\\n' for c in body)\n"
		"assert m['subject'].startswith('[bisected] \u00e4'), m['subject']\n"
		"assert m['subject'].endswith('x' * 3000), m['subject']\n"
		"assert len(m['to'].addresses) == 1, m['to']\n";
	g_autofree char *python = g_find_program_in_path("python3");
	if (!python) {
		g_test_skip("no python3");
		return;
	}
	struct session *s = finished();
	g_autofree char *x = g_strnfill(3000, 'x');
	g_free(s->found_text);
	s->found_text =
		g_strdup_printf("commit 7\nAuthor: A a@b>\nDate:   D\n\n    \303\244 =?x "
				"\033 %s\n    \n    body \303\244\n    Cc: <c@example.org>\n",
				x);
	g_autoptr(GString) mail = g_string_new(NULL);
	g_autoptr(GString) log = g_string_new("\xff\033[31m =3D . \r\n.\nFrom x \n");
	mail_print(s, log, "crash \xe4\n", mail);
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("bisectfs-mail-XXXXXX", &path, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_assert_true(g_file_set_contents(path, mail->str, (gssize)mail->len, NULL));
	g_autofree char *quoted = g_shell_quote(parse);
	g_autofree char *command = g_strdup_printf("%s -c %s <%s", python, quoted, path);
	g_assert_cmpint(system(command), ==, 0);
	close(fd);
	unlink(path);
	session_free(s);
}

static void test_html(void)
{
	struct session *s = finished();
	g_autoptr(GString) page = g_string_new(NULL);
	page_print(s, "<script>\xff", page);
	g_assert_null(strstr(page->str, "<script>"));
	g_assert_nonnull(strstr(page->str, "&lt;b&gt;bold&lt;/b&gt; &amp; wrong"));
	g_assert_true(g_utf8_validate(page->str, -1, NULL));
	g_assert_nonnull(strstr(page->str, "took 1m30s."));
	session_free(s);
}

static void test_durations(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = { { 0, "0s" },
		      { 20602238573904, "5h43m22.238573904s" },
		      { 60000000000, "1m0s" },
		      { 3600000000000, "1h0m0s" },
		      { 1500000000, "1.5s" } };
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = format_duration(cases[i].ns);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
	g_autofree char *when = format_time(1677709202119937709);
	g_assert_cmpstr(when, ==, "2023-03-01 22:20:02 +0000 UTC");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/report/recipients", test_recipients);
	g_test_add_func("/report/mail", test_mail);
	g_test_add_func("/report/mail-of-borders", test_mail_of_borders);
	g_test_add_func("/report/failures", test_failures);
	g_test_add_func("/report/mail-odd", test_mail_odd);
	g_test_add_func("/report/html", test_html);
	g_test_add_func("/log/durations", test_durations);
	return g_test_run();
}
