package main

import (
	"context"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestPreviewOfEveryLetter: each built-in letter is shown in the situation in which
// it is sent, in its class, without a page to link to and without any fault.
func TestPreviewOfEveryLetter(t *testing.T) {
	c, problems := parseConfig("config.toml", exampleConfig, t.TempDir(), nil)
	if c == nil {
		t.Fatal(problems)
	}
	c.Rules, c.Templates = nil, t.TempDir()
	classes := map[string]renewal.Class{
		"acknowledgement": renewal.Transactional, "auto-renewal-notice": renewal.Notice, "cancellation-confirmation": renewal.Transactional,
		"payment-failed": renewal.Transactional, "price-change": renewal.Transactional, "renewal-confirmation": renewal.Transactional,
		"staff-alert": renewal.Transactional, "still-using": renewal.Notice, "trial-ending": renewal.Notice, "yearly-reminder": renewal.Notice,
	}
	shows := map[string]string{
		"acknowledgement": "1 April 2026", "auto-renewal-notice": "1 April 2027", "cancellation-confirmation": "2 March 2027 at 10:05 (Europe/Paris, UTC+01:00)",
		"payment-failed": "€99.00", "price-change": "€109.00", "renewal-confirmation": "1 April 2026", "still-using": "31 March 2027",
		"trial-ending": "31 March 2027", "yearly-reminder": "€99.00",
	}
	for _, name := range templateNames("") {
		class, known := classes[name]
		if !known {
			class = renewal.Commercial
		}
		if got := c.classOf(name); got != class {
			t.Errorf("%s is %s, not %s", name, got, class)
		}
		letter, data, err := c.renderFor(context.Background(), PreviewOptions{Template: name, Locale: "en"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(letter.Text, shows[name]) {
			t.Errorf("%s does not show %s:\n%s", name, shows[name], letter.Text)
		}
		if raw, err := c.message(letter, name, "preview@renewd.invalid", "alex@customer.example", data.Customer.Name); err != nil || !strings.Contains(string(raw), "multipart/alternative") {
			t.Errorf("%s is no message: %v", name, err)
		}
	}
}
