package main

import (
	"fmt"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// The demo's business: a climbing hall in Lisbon.
const demoZone = "Europe/Lisbon"

// demoFamily is the first of a family of customers with one address.
const demoFamily = "C04"

// demoConfig is the configuration that the demo writes beside its database.
const demoConfig = `# The sample business of "renewd demo". Every key is explained in config.example.toml.
database  = "renewd.db"
templates = "templates"

[business]
name = "Rocha Alta"
from = "Rocha Alta <hello@rocha-alta.example>"
postal_address = "Rua do Farol 12, 1200-109 Lisboa, Portugal"
time_zone = "Europe/Lisbon"
locale = "en"
staff = ["desk@rocha-alta.example"]

[mail]
transport = "maildir"              # an embedded mailbox: nothing leaves this folder
maildir = "outbox"

[web]                              # the demo shows these pages itself
base_url = "https://pages.rocha-alta.example"

[send]
days = ["mon","tue","wed","thu","fri","sat"]
hours = "09:00-18:00"
cap = "P3D"

[[rule]]
name = "annual-pass"
kind = "pass"
auto_renew = false
before_end = ["P30D", "P7D"]
after_use = { delay = "P1D", from = "P90D", until = "P14D" }
after_end = ["P7D"]
template = "pass-renewal"
template_after = "win-back"

[[rule]]
name = "wall-contract"
kind = "contract"
before_end = ["P60D", "P14D"]
template = "contract-renewal"

[[rule]]
name = "resole"
kind = "goods"
before_end = ["P7D"]
template = "goods-renewal"

[[rule]]
name = "auto-renewal-notice"
auto_renew = true
notice = { anchor = "renews_on", earliest = "P45D", latest = "P15D" }
template = "auto-renewal-notice"

[[rule]]
name = "renewal-confirmation"
auto_renew = true
on = "renewal"
class = "transactional"
template = "renewal-confirmation"
`

// demoNow is what the demo's clock says at its end: in the middle of a morning.
func demoNow(day renewal.Date, zone *time.Location) time.Time { return renewal.At(day, 10*60, zone) }

// demoDay is the latest day that shows a working day after a working day and
// whose end is not ahead of the real clock: renewd goes on with that one in the
// demo's folder.
func demoDay(now time.Time, zone *time.Location) renewal.Date {
	day := renewal.LocalDate(now, zone)
	for day.Weekday() < time.Tuesday || day.Weekday() > time.Saturday || demoNow(day, zone).After(now) {
		day--
	}
	return day
}

// demoFiles are the spreadsheets of the sample business, with dates around the
// day that the demo shows.
func demoFiles(day renewal.Date) map[string]string {
	in := func(days int) renewal.Date { return day.AddDays(days) }
	table := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	pass := func(ref, customer string, ends renewal.Date, price string) string {
		starts := (ends + 1).Sub(renewal.MustPeriod("P1Y"))
		return fmt.Sprintf("%s;%s;pass;annual-pass;%s;%s;P1Y;no;%s;EUR", ref, customer, starts, ends, price)
	}
	half := renewal.MustPeriod("P6M")
	return map[string]string{
		"products.csv": table(
			"ref;name;kind;term;life;renew_url",
			"annual-pass;Annual climbing pass;pass;P1Y;;https://rocha-alta.example/renew",
			"monthly;Monthly membership;subscription;P1M;;",
			"yearly;Yearly membership;subscription;P1Y;;",
			"team-wall;Team wall contract;contract;P1Y;;",
			"resole;Shoe resoling;goods;;P6M;https://rocha-alta.example/resole"),
		"customers.csv": table(
			"ref;name;email;locale;time_zone",
			"C01;Inês Duarte;ines.duarte@mail.example;pt;",
			"C02;Marie Laurent;marie.laurent@mail.example;fr;",
			"C03;Tom Becker;tom.becker@mail.example;de;",
			"C04;Rui Silva;silva@mail.example;pt;",
			"C05;Ana Silva;silva@mail.example;pt;",
			"C06;Leo Silva;silva@mail.example;pt;",
			"C07;Olga Petrova;olga@mail.example;en;",
			"C08;James Moore;james.moore@mail.example;en;",
			"C09;Kim Tran;kim.tran@mail.example;en;America/Los_Angeles",
			"C10;Pedro Ruiz;pedro.ruiz@mail.example;es;",
			"C11;Sofia Rossi;sofia.rossi@mail.example;en;",
			"C12;Hans Weber;hans.weber@mail.example;de;",
			"C13;Lena Vogel;;de;",
			"C14;Noah Martin;noah.martin@mail.example;fr;",
			"C15;Zoe Clarke;zoe.clarke@mail.example;en;"),
		"agreements.csv": table(
			"ref;customer;kind;product;starts_on;ends_on;term;auto_renew;price;currency",
			pass("P-101", "C01", in(7), "390,00"),
			pass("P-102", "C02", in(30), "390,00"),
			pass("P-103", "C03", in(45), "390,00"),
			pass("P-104", "C04", in(30), "390,00"),
			pass("P-105", "C05", in(30), "390,00"),
			pass("P-106", "C06", in(30), "195,00"),
			pass("P-107", "C07", in(7), "390,00"),
			pass("P-108", "C08", in(7), "390,00"),
			pass("P-109", "C09", in(30), "390,00"),
			pass("P-110", "C10", in(30), "390,00"),
			fmt.Sprintf("K-201;C10;contract;team-wall;%s;%s;P1Y;no;2400,00;EUR", (in(60)+1).Sub(renewal.MustPeriod("P1Y")), in(60)),
			fmt.Sprintf("S-301;C11;subscription;yearly;%s;%s;P1Y;yes;540,00;EUR", (in(44)+1).Sub(renewal.MustPeriod("P1Y")), in(44)),
			fmt.Sprintf("S-302;C12;subscription;monthly;%s;%s;P1M;yes;49,00;EUR", in(0).Sub(renewal.MustPeriod("P1M")), in(-1)),
			fmt.Sprintf("S-303;C13;subscription;yearly;%s;%s;P1Y;yes;540,00;EUR", (in(44)+1).Sub(renewal.MustPeriod("P1Y")), in(44)),
			pass("P-114", "C14", in(-7), "390,00")),
		"events.csv": table(
			"type;at;customer;agreement;product;until;amount;currency;note",
			fmt.Sprintf("use;%s 18:05;;P-103;;;;;evening session", in(-1)),
			fmt.Sprintf("complaint;%s 11:20;C02;;;;;;the changing room was cold", in(-3)),
			fmt.Sprintf("unsubscribe;%s 20:41;C07;;;;;;", in(-10)),
			fmt.Sprintf("payment;%s 19:30;;P-108;;%s;390,00;EUR;paid at the desk", in(-1), in(7).Add(renewal.MustPeriod("P1Y"))),
			fmt.Sprintf("payment;%s 07:45;;S-302;;;49,00;EUR;card", in(0)),
			fmt.Sprintf("purchase;%s 17:00;C15;;resole;;;;", in(7).Sub(half))),
	}
}
