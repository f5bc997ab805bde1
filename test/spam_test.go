package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// spamPlugins are those of SpamAssassin's usual ones that look at a message alone.
const spamPlugins = `
loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::BodyEval
loadplugin Mail::SpamAssassin::Plugin::HeaderEval
loadplugin Mail::SpamAssassin::Plugin::HTMLEval
loadplugin Mail::SpamAssassin::Plugin::HTTPSMismatch
loadplugin Mail::SpamAssassin::Plugin::ImageInfo
loadplugin Mail::SpamAssassin::Plugin::MIMEEval
loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
loadplugin Mail::SpamAssassin::Plugin::RelayEval
loadplugin Mail::SpamAssassin::Plugin::DNSEval
loadplugin Mail::SpamAssassin::Plugin::ReplaceTags
loadplugin Mail::SpamAssassin::Plugin::URIDetail
loadplugin Mail::SpamAssassin::Plugin::URIEval
loadplugin Mail::SpamAssassin::Plugin::VBounce
loadplugin Mail::SpamAssassin::Plugin::FreeMail
loadplugin Mail::SpamAssassin::Plugin::WLBLEval
loadplugin Mail::SpamAssassin::Plugin::WelcomeListSubject
`

// spamSettings let nothing count but the message: it has learned nothing, nobody is
// welcome from before, and that a letter came from this machine, which is trusted
// unasked, earns it no points.
const spamSettings = `
use_bayes 0
score ALL_TRUSTED 0
clear_headers
clear_report_template
report_safe 0
report verdict _SCORE_ _TESTSSCORES(,)_ _HEADER(Message-ID)_
`

// judged is what SpamAssassin says of one message.
type judged struct {
	score float64
	rules string // those that hit, each with its points
}

// verdictLine is one line of spamSettings' report.
var verdictLine = regexp.MustCompile(`(?m)^verdict (-?[0-9.]+) (\S+) <([^>]+)>$`)

// spamScores has SpamAssassin judge messages by the rules that came with it, without
// the network and without this machine's settings, by Message-ID.
func spamScores(t *testing.T, messages map[string][]byte) map[string]judged {
	t.Helper()
	home := t.TempDir()
	for name, text := range map[string]string{"letters.pre": spamPlugins, "letters.cf": spamSettings} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := filepath.Join(home, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, raw := range messages {
		if err := os.WriteFile(filepath.Join(in, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "spamassassin", "--local", "--test-mode", "--nocreate-prefs",
		"--configpath=/usr/share/spamassassin", "--siteconfigpath="+home, in)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C"}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	said, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("spamassassin: %v\n%s", err, complaints.String())
	}
	all := map[string]judged{}
	for _, line := range verdictLine.FindAllStringSubmatch(string(said), -1) {
		score, err := strconv.ParseFloat(line[1], 64)
		if _, twice := all[line[3]]; err != nil || twice {
			t.Fatalf("%q: %v, or there are two of it", line[0], err)
		}
		all[line[3]] = judged{score, line[2]}
	}
	if len(all) != len(messages) {
		t.Fatalf("%d verdicts on %d messages:\n%.3000s", len(all), len(messages), said)
	}
	return all
}

// spam is a message that shows whether the rules are at work: those about headers,
// about the parts of a message, about its page, its words and its links.
const spam = "From: \"MR. PRINCE\" <prince@spam.test>\r\nTo: undisclosed-recipients:;\r\nMessage-ID: <spam@spam.test>\r\n" +
	"Subject: YOU HAVE WON A MILLION DOLLARS!!!\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<html><body bgcolor=\"#ffffff\"><font color=\"#ffffff\" size=\"1\">Buy viagra, cialis and cheap meds online now, 100% free, no prescription.</font>" +
	"<a href=\"http://192.0.2.1/win\">https://bank.test</a> DEAR FRIEND, the sum of MILLION DOLLARS waits for you. " +
	"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X</body></html>\r\n"

// TestSpamAssassinIsAtWork: without the rules every letter would pass.
func TestSpamAssassinIsAtWork(t *testing.T) {
	need(t, "spamassassin")
	got := spamScores(t, map[string][]byte{"spam": []byte(spam)})["spam@spam.test"]
	for _, rule := range []string{"GTUBE=", "MIME_HTML_ONLY=", "MISSING_DATE=", "SUBJ_ALL_CAPS=", "HTML_FONT_LOW_CONTRAST=", "DRUGS_ERECTILE=", "NORMAL_HTTP_TO_IP="} {
		if !strings.Contains(got.rules, rule) {
			t.Errorf("it does not see %s: %+v", rule, got)
		}
	}
}
