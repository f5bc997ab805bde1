package test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// reader is a customer of whichever language, with what a letter to him has to say
// in it.
type reader struct {
	lang, name, hello string
	amount, higher    string // 12345.50 and 13999 euros
	months            string
	day               string // a date of these months: day, month, year
}

// readers have names that every language writes differently.
var readers = []reader{
	{"en", "Zoë Brontë-O’Neil", "Hello Zoë Brontë-O’Neil,", "€12,345.50", "€13,999.00",
		"January February March April May June July August September October November December", "%d %s %d"},
	{"fr", "Hélène Lefèvre", "Bonjour Hélène Lefèvre,", "12 345,50 €", "13 999,00 €",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre", "%d %s %d"},
	{"pt", "João Gonçalves", "Olá João Gonçalves,", "12 345,50 €", "13 999,00 €",
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro", "%d de %s de %d"},
	{"es", "Íñigo Muñoz", "Hola, Íñigo Muñoz:", "12.345,50 €", "13.999,00 €",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", "%d de %s de %d"},
	{"de", "Jürgen Weiß", "Guten Tag Jürgen Weiß,", "12.345,50 €", "13.999,00 €",
		"Januar Februar März April Mai Juni Juli August September Oktober November Dezember", "%d. %s %d"},
}

// date is how a reader expects a day to be written.
func (r reader) date(d renewal.Date) string {
	at := d.Time()
	text := fmt.Sprintf(r.day, at.Day(), strings.Fields(r.months)[at.Month()-1], at.Year())
	if rest, first := strings.CutPrefix(text, "1 "); first && r.lang == "fr" {
		return "1er " + rest
	}
	return text
}

// occasion is what makes a built-in letter leave.
type occasion struct {
	// letter is the template's name, and the ref of the product to which the rule is
	// kept. With .sober behind it, it is the variant for somebody who has complained.
	letter string
	rule   string // the lines of its rule beside name, product and template
	kind   string
	// starts, ends and trial are the agreement's dates; starts and trial may be zero.
	starts, ends, trial renewal.Date
	auto                bool
	event               string // "type,amount,until" of the event that is behind it, or empty
	// days, and the price and the higher one, have to be said; calendar are the days
	// of its calendar.
	days            []renewal.Date
	amount, dearer  bool
	calendar        []renewal.Date
	oneClick, isNew bool // isNew: a higher price is announced
}

// occasions are those of all built-in letters to customers, around a day.
func occasions(today renewal.Date) []occasion {
	year := renewal.MustPeriod("P1Y")
	in := func(days ...int) (dates []renewal.Date) {
		for _, n := range days {
			dates = append(dates, today.AddDays(n))
		}
		return dates
	}
	bought := today - 160
	notice := `notice = { anchor = "renews_on", earliest = "P30D", latest = "P2D" }`
	before, on := `before_end = ["P30D"]`, "class = \"transactional\"\non = "
	return []occasion{
		{letter: "pass-renewal", rule: before, kind: "pass", ends: today + 20, days: in(20), amount: true, oneClick: true},
		{letter: "contract-renewal", rule: before, kind: "contract", ends: today + 20, days: in(20), amount: true, oneClick: true},
		{letter: "subscription-renewal", rule: before, kind: "subscription", ends: today + 20, days: in(20), amount: true, oneClick: true},
		{letter: "goods-renewal", rule: before, kind: "goods", starts: bought, days: []renewal.Date{bought, bought.Add(renewal.MustPeriod("P6M"))}, oneClick: true},
		{letter: "win-back", rule: `after_end = ["P7D"]`, kind: "pass", ends: today - 8, days: in(-8), amount: true, oneClick: true},
		{letter: "auto-renewal-notice", rule: notice, kind: "subscription", ends: today + 20, auto: true, days: in(20, 21), amount: true, calendar: in(20, 21)},
		{letter: "auto-renewal-notice.sober", kind: "subscription", ends: today + 20, auto: true, event: "complaint,,",
			days: in(20, 21), amount: true, calendar: in(20, 21)},
		{letter: "still-using", rule: notice + "\nunused = { since = \"P90D\", then = \"letter\", template = \"still-using\" }", kind: "subscription",
			starts: today - 200, ends: today + 20, auto: true, days: in(20, 21), amount: true, calendar: in(20, 21)},
		{letter: "acknowledgement", rule: on + `"sign_up"`, kind: "subscription", starts: today, ends: today + 300, auto: true,
			days: in(0, 300, 301), amount: true, calendar: in(300, 301)},
		{letter: "renewal-confirmation", rule: on + `"renewal"`, kind: "subscription", ends: today - 1, auto: true,
			event: "payment,12345.50," + (today + 299).String(), days: in(0, 299, 300), amount: true, calendar: in(299, 300)},
		{letter: "payment-failed", rule: on + `"payment_failed"`, kind: "subscription", ends: today + 9, auto: true, event: "payment_failed,12345.50,",
			days: in(0, 9), amount: true},
		{letter: "price-change", rule: on + `"price_change"`, kind: "subscription", ends: today + 20, auto: true, isNew: true,
			days: in(20, 21), amount: true, dearer: true},
		{letter: "trial-ending", rule: `notice = { anchor = "trial_ends_on", earliest = "P7D", latest = "P1D" }`, kind: "subscription",
			starts: today - 26, ends: today + 4, trial: today + 4, auto: true, days: in(4, 5), amount: true},
		{letter: "yearly-reminder", rule: `notice = { anchor = "yearly", earliest = "P14D", latest = "P1D" }`, kind: "subscription",
			starts: (today + 7).Sub(year), ends: today + 120, auto: true, days: in(120, 121), amount: true},
		{letter: "cancellation-confirmation", rule: on + "\"cancel\"\ncancelled = true", kind: "subscription", ends: today + 60, auto: true, event: "cancel,,",
			days: in(0, 60)},
	}
}

// product is the ref of the product that the occasion is about.
func (o occasion) product() string { return strings.TrimSuffix(o.letter, ".sober") }

// email is the address of one reader of the letter.
func (o occasion) email(r reader) string { return o.letter + "." + r.lang + "@client.test" }

// productName is one that only Unicode can spell.
func (o occasion) productName() string {
	return "Année « Großer Açaí » ñ — 日本 " + o.product()
}

// bookOfLetters prepares a business with every occasion for every reader: rules, in
// the configuration, and facts.
func (b *business) bookOfLetters(today renewal.Date) {
	b.t.Helper()
	rules, products := "", "ref,name,kind,life,renew_url\n"
	customers := "ref,name,email,locale\n"
	agreements := "ref,customer,kind,product,starts_on,ends_on,auto_renew,trial_ends_on,price,currency,new_price,new_price_from\n"
	events := "type,at,customer,agreement,product,amount,currency,until\n"
	date := func(d renewal.Date) string {
		if d.IsZero() {
			return ""
		}
		return d.String()
	}
	for _, o := range occasions(today) {
		if o.rule != "" {
			rules += fmt.Sprintf("\n[[rule]]\nname = %q\nproduct = %q\ntemplate = %q\n%s\n", o.letter, o.letter, o.ruleTemplate(), o.rule)
			life := ""
			if o.kind == "goods" {
				life = "P6M"
			}
			products += fmt.Sprintf("%s,%s,%s,%s,https://renew.parc-aurore.test/shop\n", o.letter, o.productName(), o.kind, life)
		}
		for _, r := range readers {
			customer := o.letter + "." + r.lang
			customers += fmt.Sprintf("%s,%s,%s,%s\n", customer, r.name, o.email(r), r.lang)
			if o.kind == "goods" {
				events += fmt.Sprintf("purchase,%s,%s,,%s,,,\n", date(o.starts), customer, o.product())
				continue
			}
			news := ","
			if o.isNew {
				news = "13999.00," + date(o.ends+1)
			}
			agreements += fmt.Sprintf("A-%s,%s,%s,%s,%s,%s,%t,%s,12345.50,EUR,%s\n", customer, customer, o.kind, o.product(), date(o.starts), date(o.ends), o.auto, date(o.trial), news)
			if o.event != "" {
				f := strings.Split(o.event, ",")
				events += fmt.Sprintf("%s,%s,%s,A-%s,,%s,EUR,%s\n", f[0], today, customer, customer, f[1], f[2])
			}
		}
	}
	config := readText(b.t, b.dir+"/config.toml")
	config, _, _ = strings.Cut(config, "\n[[rule]]") // that of the other tests
	b.write("config.toml", strings.Replace(config, "[web]\n", "[web]\nbase_url = \"https://renew.parc-aurore.test\"\n", 1)+rules)
	for _, file := range [][2]string{{"products", products}, {"customers", customers}, {"agreements", agreements}, {"events", events}} {
		b.write(file[0]+".csv", file[1])
		b.run("0", "import", b.dir+"/"+file[0]+".csv")
	}
}

// ruleTemplate is what the rule names: the letter to those who do not use what they
// pay for takes the place of the usual one.
func (o occasion) ruleTemplate() string {
	if o.letter == "still-using" {
		return "auto-renewal-notice"
	}
	return o.letter
}

// wanted is what a reader has to find in both parts of the letter.
func (o occasion) wanted(r reader) []string {
	words := []string{r.hello, o.productName(), "Parc Aurore", "1 rue des Lilas, 69001 Lyon, France"}
	for _, d := range o.days {
		words = append(words, r.date(d))
	}
	if o.amount {
		words = append(words, r.amount)
	}
	if o.dearer {
		words = append(words, r.higher)
	}
	return words
}

// othersDays are how the other readers' languages write a day of the letter, where
// that is not this one's way.
func (o occasion) othersDays(r reader) (dates []string) {
	own := strings.Join(o.wanted(r), "\n")
	for _, other := range readers {
		for _, d := range o.days {
			if text := other.date(d); !strings.Contains(own, text) && !slices.Contains(dates, text) {
				dates = append(dates, text)
			}
		}
	}
	return dates
}

// todayInParis is the day at the business.
func todayInParis() (renewal.Date, error) {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return 0, err
	}
	return renewal.LocalDate(time.Now(), zone), nil
}
