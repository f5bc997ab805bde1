package test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// fullRules are rules for all the letters that the workshop's own rules do not
// send.
const fullRules = `
[[rule]]
name = "win-back"
kind = "contract"
after_end = ["P7D"]
template = "win-back"

[[rule]]
name = "subscription"
kind = "subscription"
auto_renew = false
before_end = ["P30D"]
template = "subscription-renewal"

[[rule]]
name = "goods"
kind = "goods"
before_end = ["P14D"]
template = "goods-renewal"

[[rule]]
name = "welcome"
auto_renew = true
on = "sign_up"
class = "transactional"
template = "acknowledgement"

[[rule]]
name = "trial-ending"
auto_renew = true
notice = { anchor = "trial_ends_on", earliest = "P7D", latest = "P3D" }
class = "notice"
template = "trial-ending"

[[rule]]
name = "price-change"
auto_renew = true
on = "price_change"
class = "transactional"
template = "price-change"

[[rule]]
name = "yearly-reminder"
auto_renew = true
notice = { anchor = "yearly", earliest = "P14D", latest = "P1D" }
class = "notice"
template = "yearly-reminder"

[[rule]]
name = "payment-failed"
auto_renew = true
on = "payment_failed"
class = "transactional"
template = "payment-failed"

[[rule]]
name = "cancellation-confirmation"
on = "cancel"
cancelled = true
class = "transactional"
template = "cancellation-confirmation"
`

// everyKind imports n customers for each letter, in five languages.
func (w *workshop) everyKind(n int) {
	w.t.Helper()
	now := time.Now().UTC()
	day := func(days int) string { return now.AddDate(0, 0, days).Format(time.DateOnly) }
	agreements := "ref,customer,kind,product,starts_on,ends_on,term,auto_renew,price,currency,trial_ends_on,new_price,new_price_from,customer_name,customer_email,customer_locale\n"
	events := "id,type,at,customer,agreement,product,amount,currency,until\n"
	locales := []string{"fr", "en", "pt", "es", "de"}
	for i := range n {
		add := func(letter, kind, starts, ends, auto, trial, price, from string) (customer, agreement string) {
			w.customersSoFar++
			customer = fmt.Sprintf("%s%d", letter, w.customersSoFar)
			agreements += fmt.Sprintf("A-%s,%s,%s,card,%s,%s,P1Y,%s,49.50,EUR,%s,%s,%s,Zoé,%s@client.test,%s\n",
				customer, customer, kind, starts, ends, auto, trial, price, from, customer, locales[i%len(locales)])
			return customer, "A-" + customer
		}
		happens := func(kind, customer, agreement, until string) {
			amount, currency := "49.50", "EUR"
			if kind == "cancel" {
				amount, currency = "", ""
			}
			events += fmt.Sprintf("%s-%s,%s,%s,%s,%s,,%s,%s,%s\n", kind, customer, kind, now.Format(time.RFC3339), customer, agreement, amount, currency, until)
		}
		add("pass", "pass", "", day(20), "no", "", "", "")
		add("contract", "contract", "", day(20), "no", "", "", "")
		add("subscription", "subscription", "", day(20), "no", "", "", "")
		add("over", "contract", "", day(-8), "no", "", "", "")
		add("notice", "contract", "", day(20), "yes", "", "", "")
		add("welcome", "subscription", day(0), day(200), "yes", "", "", "")
		add("trial", "subscription", day(-30), day(200), "yes", day(5), "", "")
		add("price", "subscription", day(-30), day(200), "yes", "", "59.50", day(201))
		add("yearly", "subscription", day(-358), day(500), "yes", "", "", "")
		customer, agreement := add("receipt", "subscription", "", day(10), "yes", "", "", "")
		happens("payment", customer, agreement, day(375))
		customer, agreement = add("failed", "subscription", day(-30), day(200), "yes", "", "", "")
		happens("payment_failed", customer, agreement, "")
		customer, agreement = add("cancel", "subscription", day(-30), day(200), "yes", "", "", "")
		happens("cancel", customer, agreement, "")
		customer, _ = add("goods", "pass", "", day(200), "no", "", "", "")
		events += fmt.Sprintf("purchase-%s,purchase,%s,%s,,filter,,,\n", customer, now.AddDate(0, 0, -80).Format(time.RFC3339), customer)
	}
	w.importFile("products.csv", "ref,name,life,renew_url\nfilter,Filter,P3M,https://shop.parc-aurore.test/filter?a=1&b=2\ncard,Carte annuelle,,\n")
	w.importFile("agreements.csv", agreements)
	w.importFile("events.csv", events)
}

// address is a link in a letter.
var address = regexp.MustCompile(`https?://[^\s"'<>()\[\]\\]+`)

// linksOf are the links of a letter's header, text, HTML and calendar, each once.
func linksOf(t *testing.T, letter testkit.Letter) []string {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(letter.Raw))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for name := range message.Header {
		all = append(all, address.FindAllString(message.Header.Get(name), -1)...)
	}
	err = eachPart(message.Header.Get, message.Body, func(kind, text string) {
		switch kind {
		case "text/html":
			text = html.UnescapeString(text)
		case "text/calendar":
			text = strings.NewReplacer("\r\n ", "", `\,`, ",", `\;`, ";", `\n`, "\n").Replace(text)
		}
		all = append(all, address.FindAllString(text, -1)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i] = strings.TrimRight(all[i], ".,;:")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// eachPart hands over the text of every part of a message, decoded.
func eachPart(header func(string) string, body io.Reader, take func(kind, text string)) error {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = eachPart(part.Header.Get, part, take)
			}
			if err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	take(kind, string(text))
	return err
}

// dump is every row of every table, as text.
func (w *workshop) dump() string {
	w.t.Helper()
	path := filepath.Join(w.dir, "renewd.db")
	var all strings.Builder
	for _, table := range query(w.t, path, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`) {
		columns := query(w.t, path, `SELECT 'quote("' || name || '")' FROM pragma_table_xinfo('`+table+`')`)
		for _, row := range query(w.t, path, `SELECT `+strings.Join(columns, ` || '|' || `)+` FROM "`+table+`" ORDER BY 1`) {
			all.WriteString(table + ": " + row + "\n")
		}
	}
	return all.String()
}

// differs returns the first line in which two dumps differ, empty where none does.
func differs(before, after string) string {
	old := map[string]bool{}
	for line := range strings.Lines(before) {
		old[line] = true
	}
	for line := range strings.Lines(after) {
		if !old[line] {
			return "new: " + line
		}
		delete(old, line)
	}
	for line := range old {
		return "gone: " + line
	}
	return ""
}

// only is the part of a dump that is about one table.
func only(dump, table string) string {
	var lines strings.Builder
	for line := range strings.Lines(dump) {
		if strings.HasPrefix(line, table+": ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
