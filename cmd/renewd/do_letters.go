package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"renewd/internal/compose"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/templates"
)

// templateNames lists the letters there are: the built-in ones and those of the
// business in dir, which may be empty.
func templateNames(dir string) []string {
	var own fs.FS
	if dir != "" {
		own = os.DirFS(dir)
	}
	return compose.Load(templates.FS, own, compose.Business{}).Names()
}

// copyTemplate copies a built-in letter in every language, or the layout, into
// a folder and returns the files that it wrote. Files that are there stay.
func copyTemplate(name, dir string) ([]string, error) {
	names := compose.Load(templates.FS, nil, compose.Business{}).Names()
	files, err := fs.Glob(templates.FS, name+".*.md")
	if name == "layout" || name == "layout.html" {
		files = []string{"layout.html"}
	} else if len(files) == 0 {
		files, err = pageFiles(name)
	}
	if err != nil || len(files) == 0 {
		return nil, usageError("there is no built-in letter %q: there are %s and layout; of the pages %s", name, strings.Join(names, ", "), strings.Join(pageNames, ", "))
	}
	for _, file := range files {
		if _, err := os.Lstat(filepath.Join(dir, file)); err == nil {
			return nil, fmt.Errorf("%s is there already, and stays as it is; nothing was copied", filepath.Join(dir, file))
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var written []string
	for _, file := range files {
		contents, err := fs.ReadFile(templates.FS, file)
		if err != nil {
			return written, err
		}
		target := filepath.Join(dir, file)
		out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return written, err
		}
		_, err = out.Write(contents)
		if err := errors.Join(err, out.Close()); err != nil {
			return written, err
		}
		written = append(written, target)
	}
	return written, nil
}

// doPreview shows a letter with real or sample data.
func doPreview(ctx context.Context, s *Session, o PreviewOptions) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	letter, data, err := c.renderFor(ctx, o)
	if err != nil {
		return err
	}
	switch o.Form {
	case "html":
		_, err = fmt.Fprintln(s.Stdout(), letter.HTML)
	case "eml":
		err = c.previewMessage(s, letter, o.Template, data)
	default:
		_, err = fmt.Fprintf(s.Stdout(), "Subject: %s\n\n%s", letter.Subject, letter.Text)
	}
	return err
}

// renderFor renders a letter with the data of an agreement, or with made-up ones.
func (c *Config) renderFor(ctx context.Context, o PreviewOptions) (compose.Letter, compose.Data, error) {
	letters := c.letters()
	name, sober := strings.CutSuffix(o.Template, ".sober")
	if !letters.Has(name) {
		return compose.Letter{}, compose.Data{}, usageError("there is no letter %q: there are %s", name, strings.Join(letters.Names(), ", "))
	}
	if name == compose.StaffAlert && o.Agreement != "" {
		return compose.Letter{}, compose.Data{}, usageError("the letter %s goes to staff and is about no agreement", name)
	}
	data, locale := c.sampleFor(name), c.Business.Locale
	if o.Agreement != "" {
		var answers renewal.EventType
		if data.Event != nil {
			answers = renewal.EventType(data.Event.Type)
		}
		facts, customer, err := c.factsOf(ctx, o.Agreement, answers)
		if err != nil {
			return compose.Letter{}, data, plainly(err)
		}
		facts.Links = c.previewPages(facts.Agreements[0].AutoRenew)
		real := compose.NewData(facts)
		real.Links.Unsubscribe = data.Links.Unsubscribe
		data = real
		if customer.Locale != "" {
			locale = customer.Locale
		}
	}
	if o.Locale != "" {
		locale = o.Locale
	}
	letter, err := letters.Render(name, locale, sober, data)
	return letter, data, err
}

// classOf is the class that the rules send a letter with; a letter that no rule
// names counts as commercial.
func (c *Config) classOf(template string) renewal.Class {
	for i := range c.Rules {
		if r := &c.Rules[i]; r.Template == template || r.TemplateAfter == template {
			return r.Class
		}
	}
	switch template {
	case "auto-renewal-notice", "still-using", "trial-ending", "yearly-reminder":
		return renewal.Notice
	case "acknowledgement", "renewal-confirmation", "payment-failed", "price-change", "cancellation-confirmation", compose.StaffAlert:
		return renewal.Transactional
	}
	return renewal.Commercial
}

// sampleFor makes up data for a letter in the situation in which it is sent.
func (c *Config) sampleFor(template string) compose.Data {
	if template == compose.StaffAlert {
		return compose.SampleStaff(renewal.TaskMissed, 2, false)
	}
	data := compose.SampleFor(template, 1)
	data.Links = compose.Links{}
	a := &data.Agreements[0]
	switch c.classOf(template) {
	case renewal.Commercial:
		data.Links.Unsubscribe = cmp.Or(c.unsubscribePage(), compose.UnsubscribeMailto(c.Business.From.String(), c.Business.replyTo(), previewToken))
		a.Ended = template == "win-back" || slices.ContainsFunc(c.Rules, func(r renewal.Rule) bool { return r.TemplateAfter == template })
	case renewal.Transactional:
		a.AutoRenew = true
		if data.Event == nil {
			data.Event = compose.SampleFor("renewal-confirmation", 1).Event
		}
	default:
		a.AutoRenew = true
	}
	if data.Event != nil {
		data.Event.At = data.Event.At.In(c.Business.TimeZone)
	}
	pages := c.previewPages(a.AutoRenew)
	data.Links.Manage, data.Links.Cancel, data.Links.Reason = pages.Manage, pages.Cancel, pages.Reason
	a.Manage, a.Cancel, a.Reason = pages.Manage, pages.Cancel, pages.Reason
	return data
}

// previewMessage writes a letter as the whole message that would be sent.
func (c *Config) previewMessage(s *Session, letter compose.Letter, template string, data compose.Data) error {
	to := data.Customer.Email
	if data.Staff != nil && len(c.Business.Staff) > 0 {
		to = c.Business.Staff[0].Address
	}
	if strings.TrimSpace(to) == "" {
		to = "nobody@customer.example"
	}
	raw, err := c.message(letter, strings.TrimSuffix(template, ".sober"), "preview@renewd.invalid", to, data.Customer.Name)
	if err != nil {
		return err
	}
	_, err = s.Stdout().Write(raw)
	return err
}

// previewToken stands in the unsubscribe links of messages that are shown or
// tried, and is nobody's.
const previewToken = "preview"

// message makes a letter the message that would be sent.
func (c *Config) message(letter compose.Letter, template, id, to, name string) ([]byte, error) {
	return compose.Message(letter, compose.Envelope{
		From: c.Business.From.String(), ReplyTo: c.Business.replyTo(), To: to, ToName: name, MessageID: id,
		Date: present().In(c.Business.TimeZone), Class: c.classOf(template), UnsubscribeToken: previewToken, UnsubscribeURL: c.unsubscribePage(),
	})
}

// unsubscribePage is the page that previews link to; empty without base_url.
func (c *Config) unsubscribePage() string {
	if c.Web.BaseURL == "" {
		return ""
	}
	return c.Web.BaseURL + "/u/" + previewToken
}

// factsOf reads what a letter about one agreement says. It answers the latest
// event of a type, a renewal being a payment too; of any type where that is empty.
func (c *Config) factsOf(ctx context.Context, ref string, answers renewal.EventType) (compose.Facts, *renewal.Customer, error) {
	db, err := c.openStore(ctx, true)
	if err != nil {
		return compose.Facts{}, nil, err
	}
	defer db.Close()
	var facts compose.Facts
	var customer *renewal.Customer
	err = db.Read(ctx, func(tx *store.Tx) error {
		id, owner, err := tx.AgreementByRef(ref)
		if err != nil {
			return err
		}
		d, err := tx.Dossier(owner, present())
		if err != nil {
			return err
		}
		plan.Settle(present(), c.settings(c.letters()), d)
		customer = d.Customer(owner)
		zone := d.ZoneOf(owner, c.Business.TimeZone)
		facts = compose.Facts{Household: d, To: customer, Agreements: []*renewal.Agreement{d.Agreement(id)}, Zone: zone,
			Today: renewal.LocalDate(present(), zone)}
		for i := range d.Events {
			e := &d.Events[i]
			if e.AgreementID == id && (answers == "" || e.Type == answers || answers == renewal.Renewal && e.Type == renewal.Payment) {
				facts.Event = e // the latest
			}
		}
		return nil
	})
	return facts, customer, err
}
