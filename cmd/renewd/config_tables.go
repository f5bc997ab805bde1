package main

import (
	"strings"
	"time"

	"renewd/internal/renewal"
)

// The functions here read one table each. A key stands beside its default.

// defaultLocale is the language of a business that names none.
const defaultLocale = "en"

func readBusiness(s *section) Business {
	b := Business{
		Name:          parsed(s, "name", "", "text in quotes", plainText),
		From:          parsed(s, "from", noAddress, "a mail address in quotes", optional(address)),
		ReplyTo:       parsed(s, "reply_to", noAddress, "a mail address in quotes", address),
		PostalAddress: s.text("postal_address", ""),
		TimeZone:      parsed(s, "time_zone", time.UTC, "an IANA name in quotes", optional(timeZone)),
		Locale:        parsed(s, "locale", defaultLocale, "a language tag in quotes", localeTag),
		Staff:         parsedList(s, "staff", true, "a mail address in quotes", address),
	}
	s.need("name", "the business's name as its customers know it")
	s.need("from", "the sender, such as Parc Aurore <bonjour@parc-aurore.example>")
	s.need("postal_address", "the address that commercial mail must show")
	s.need("time_zone", "an IANA name such as Europe/Paris")
	if strings.ContainsAny(b.Name, "\r\n\t") {
		s.fault(s.table.fields["name"].value.at, "name", "%q has line breaks in it: write one line", b.Name)
	}
	s.finish()
	return b
}

func readMail(s *section, beside, state string) Mail {
	m := Mail{
		Transport:    s.word("transport", "maildir", "smtp", "sendmail"),
		Maildir:      s.path("maildir", "outbox", state),
		Host:         parsed(s, "host", "127.0.0.1", "a host in quotes", filledLine),
		TLS:          s.word("tls", "starttls", "implicit", "none"),
		CAFile:       s.path("ca_file", "", beside),
		Auth:         s.word("auth", "auto", "plain", "login", "scram", "xoauth2", "none"),
		User:         parsed(s, "user", "", "text in quotes", filledLine),
		PasswordFile: s.path("password_file", "", beside),
		TokenCommand: parsedList(s, "token_command", true, "text in quotes", filledLine),
		Sendmail:     s.path("sendmail", "/usr/sbin/sendmail", beside),
		Connections:  s.number("connections", 4, 1, 100),
		Rate:         s.number("rate", 600, 0, 1_000_000),
	}
	port := map[string]int{"starttls": 587, "implicit": 465, "none": 25}[m.TLS]
	m.Port = s.number("port", port, 1, 65535)
	if m.PasswordFile != "" && len(m.TokenCommand) > 0 {
		s.fault(s.placeOf("token_command"), "token_command", "it does not go with password_file: write one of the two")
	}
	if (m.PasswordFile != "" || len(m.TokenCommand) > 0) && m.User == "" {
		s.fault(s.placeOf("user"), "user", "it is missing: a password or token needs the name that it belongs to")
	}
	s.finish()
	return m
}

func readSend(s *section) Send {
	send := Send{
		Holidays: map[renewal.Date]bool{},
		Cap:      parsed(s, "cap", renewal.Days(3), "a period in quotes", period),
		Burst:    s.number("burst", 100, 0, 1_000_000_000),
	}
	open := parsed(s, "hours", hours{9 * 60, 18 * 60}, "hours in quotes", openingHours)
	send.Open, send.Close = open.open, open.close
	days := parsedList(s, "days", false, "a day in quotes", weekday)
	if written := s.table.fields["days"].value; written == nil {
		days = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}
	} else if written.kind == kindArray && len(written.items) == 0 {
		s.fault(written.at, "days", "it is empty: name at least one day, or nothing can ever be sent")
	}
	for _, day := range days {
		send.Days[day] = true
	}
	s.readHolidays(send.Holidays)
	s.finish()
	return send
}

func readNoticeDays(s *section) Notice {
	days := map[renewal.Date]bool{}
	s.readHolidays(days)
	s.finish()
	if len(days) == 0 {
		return Notice{}
	}
	return Notice{Holidays: days}
}

// readHolidays accepts dates with and without quotes.
func (s *section) readHolidays(holidays map[renewal.Date]bool) {
	list := s.field("holidays")
	if list == nil {
		return
	}
	if list.kind != kindArray {
		s.wrongKind(list, "holidays", "a list in brackets")
		return
	}
	for _, item := range list.items {
		if item.kind != kindString && item.kind != kindDate {
			s.wrongKind(item, "holidays", "a date such as 2026-12-25")
			continue
		}
		date, err := renewal.ParseDate(item.text)
		if err != nil {
			s.fault(item.at, "holidays", "%v", err)
			continue
		}
		holidays[date] = true
	}
}

func readComplaints(s *section) Complaints {
	c := Complaints{
		Hold:            parsed(s, "hold", renewal.Days(30), "a period in quotes", period),
		AfterResolution: parsed(s, "after_resolution", renewal.Days(7), "a period in quotes", period),
	}
	s.finish()
	return c
}

func readCron(s *section) Cron {
	entry := func(key, byDefault string) string {
		return parsed(s, key, byDefault, "a schedule in quotes", cronExpression)
	}
	c := Cron{
		Pass:   entry("pass", "* * * * *"),
		Digest: entry("digest", "0 7 * * mon-fri"),
		Backup: entry("backup", "30 2 * * *"),
		Learn:  entry("learn", "0 3 * * *"),
		Inbox:  entry("inbox", "*/5 * * * *"),
		Purge:  entry("purge", "30 3 * * *"),
	}
	if f, written := s.table.fields["pass"]; written && f.value.kind == kindString && f.value.text == "" {
		s.fault(f.value.at, "pass", `it is empty: without a pass nothing is ever sent; write a schedule such as "* * * * *"`)
	}
	s.finish()
	return c
}

func readWeb(s *section) Web {
	listen := func(key, byDefault string) string {
		return parsed(s, key, byDefault, "host:port in quotes", optional(listenAddress))
	}
	w := Web{
		Public:  listen("public", "127.0.0.1:8686"),
		Admin:   listen("admin", "127.0.0.1:8687"),
		BaseURL: parsed(s, "base_url", "", "a web address in quotes", optional(baseURL)),
	}
	if w.Public != "" && w.Public == w.Admin {
		s.fault(s.placeOf("admin"), "admin", "%q is also web.public: the two listeners need two addresses", w.Admin)
	}
	s.finish()
	return w
}

// readKeeping reads the small tables about what is kept, signed and named.
func (c *Config) readKeeping(top *section, beside, state string) {
	evidence := top.sub("evidence")
	c.Evidence = Evidence{
		Notices:    parsed(evidence, "notices", renewal.MustPeriod("P3Y"), "a period in quotes", period),
		Commercial: parsed(evidence, "commercial", renewal.Days(90), "a period in quotes", period),
	}
	evidence.finish()

	events := top.sub("events")
	c.Events.Keep = parsed(events, "keep", renewal.Period{}, "a period in quotes", period)
	events.finish()

	backup := top.sub("backup")
	c.Backup.Dir = backup.path("dir", "backups", state)
	c.Backup.Keep = backup.number("keep", 14, 1, 100_000)
	backup.finish()

	dkim := top.sub("dkim")
	c.DKIM = DKIM{
		Domain:   parsed(dkim, "domain", "", "a domain in quotes", filledLine),
		Selector: parsed(dkim, "selector", "", "text in quotes", filledLine),
		KeyFile:  dkim.path("key_file", "", beside),
	}
	if (c.DKIM.Domain == "") != (c.DKIM.Selector == "") || c.DKIM.KeyFile != "" && c.DKIM.Domain == "" {
		dkim.problems.errorf(dkim.table.at, "dkim: domain and selector belong together: write both, or leave the table out")
	}
	dkim.finish()

	instance := top.sub("instance")
	c.Instance.Name = parsed(instance, "name", "", "text in quotes", filledLine)
	instance.finish()
}
