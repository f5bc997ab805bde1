package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// unsubscribing: asked, done, and done already.
func (w *walk) unsubscribing() {
	w.t.Helper()
	path := "/u/" + w.s.token(map[string]string{"fr": "u1", "de": "u2"}[w.lang])
	w.open(path)
	w.sees("ask", http.StatusOK)
	if w.s.gone() != 0 {
		w.t.Error("looking at the page unsubscribed somebody")
	}
	w.b.follow("form button")
	w.sees("done", http.StatusOK)
	if w.s.gone() != 1 {
		w.t.Error("the button unsubscribes nobody")
	}
	w.open(path)
	w.sees("again", http.StatusOK)
}

// correcting: wrong input, which is kept, then right input, then none.
func (w *walk) correcting() {
	w.t.Helper()
	w.open(w.behind(nil))
	w.sees("manage", http.StatusOK)
	a := sampleAgreement(w.lang)
	w.comes(Outcome{Agreement: a, Faults: map[string]FieldFault{FieldEmail: FaultEmail, "a.city": FaultMissing}})
	w.b.write("#field-1", "alex.example")
	w.b.write("#field-5", "")
	w.b.follow("button[value=contact]")
	w.sees("faults", http.StatusUnprocessableEntity)
	var kept []string
	w.b.eval(`[...document.querySelectorAll('#field-1, #field-5')].map(e => e.value)`, &kept)
	if !slices.Equal(kept, []string{"alex.example", ""}) {
		w.t.Errorf("what was typed became %q", kept)
	}
	w.b.click(`.alert a[href="#field-5"]`)
	var at string
	w.b.eval(`document.activeElement.id || location.hash.slice(1)`, &at)
	if at != "field-5" {
		w.t.Errorf("the fault leads to %q", at)
	}

	w.comes(Outcome{Agreement: a, Changes: []Change{{Field: a.Contact[5], From: "Sampletown", To: "Nîmes"}, {Field: a.Contact[3], From: "Attic"}}})
	w.b.write("#field-1", "álex@beispiel.example")
	w.b.write("#field-5", "Nîmes & Größe <1>")
	w.b.follow("button[value=contact]")
	w.sees("saved", http.StatusOK)
	typed := w.wished().Contact
	for _, want := range []Typed{{"a.city", "Sampletown", "Nîmes & Größe <1>"}, {FieldEmail, "", "álex@beispiel.example"}, {FieldName, "Alex Martin", "Alex Martin"}} {
		if !slices.Contains(typed, want) {
			w.t.Errorf("%+v is not among %+v", want, typed)
		}
	}
	w.comes(Outcome{})
	w.b.follow(`a[href="?"]`)
	w.sees("manage", http.StatusOK)
	w.b.follow("button[value=contact]")
	w.sees("unchanged", http.StatusOK)
}

// cancelling: asked, done, said why, looked at again, kept.
func (w *walk) cancelling() {
	w.t.Helper()
	path := w.behind(nil)
	w.open(path + "?cancel")
	w.sees("cancel", http.StatusOK)
	w.b.follow("button[value=cancel]")
	w.sees("cancelled", http.StatusOK)
	if w.wished().Act != ActCancel {
		w.t.Errorf("arrived: %+v", w.wished())
	}
	w.b.follow("button[value=reason]")
	w.sees("why-again", http.StatusUnprocessableEntity)
	w.b.click("label[for=choice-unused]")
	w.b.write("#reason-text", "Trop loin,\nà pied")
	w.b.follow("button[value=reason]")
	w.sees("thanks", http.StatusOK)
	if got := w.wished().Reason; got != (Reason{"unused", "Trop loin,\nà pied"}) {
		w.t.Errorf("the reason arrived as %+v", got)
	}
	w.open(path)
	w.sees("manage", http.StatusOK) // cancelled
	w.comes(Outcome{Agreement: sampleAgreement(w.lang)})
	w.b.follow("button[value=keep]")
	w.sees("kept", http.StatusOK)
	if w.wished().Act != ActKeep {
		w.t.Errorf("arrived: %+v", w.wished())
	}
	// A page that stayed open while it was cancelled elsewhere.
	w.open(w.behind(nil))
	w.comes(Outcome{Stale: true})
	w.b.follow("button[value=contact]")
	w.sees("manage", http.StatusConflict)
}

// renewing: what is over, what ends by itself, and what a shop renews.
func (w *walk) renewing() {
	w.t.Helper()
	w.open(w.behind(func(a *Agreement) { a.State, a.CanCancel, a.CanRenew = StateEnded, false, true }))
	w.sees("manage", http.StatusOK)
	w.open(w.behind(func(a *Agreement) {
		a.State, a.Kind, a.CanCancel, a.CanRenew = StateCancelled, renewal.KindSubscription, false, true
		a.CancelledOn = renewal.NewDate(2027, time.February, 20)
	}))
	w.sees("manage", http.StatusOK)
	w.open(w.behind(func(a *Agreement) {
		a.State, a.Kind, a.CanCancel, a.CanRenew, a.RenewURL = StateEnds, renewal.KindPass, false, true, "https://shop.example/renew"
	}))
	w.sees("pass", http.StatusOK)
	w.open(w.behind(func(a *Agreement) {
		a.State, a.Kind, a.CanCancel, a.CanRenew = StateEnds, renewal.KindPass, false, true
	}))
	w.sees("pass", http.StatusOK)
	w.b.follow("button[value=renew]")
	w.sees("wished", http.StatusOK)
	if w.wished().Act != ActRenew {
		w.t.Errorf("arrived: %+v", w.wished())
	}
}

// answering: the question why, on a page of its own.
func (w *walk) answering() {
	w.t.Helper()
	w.behind(nil)
	w.open("/s/" + w.s.token("s1"))
	w.sees("why", http.StatusOK)
	w.b.write("#reason-text", strings.Repeat("é", LongestReason+1))
	w.b.follow("button[value=reason]")
	w.sees("why-again", http.StatusUnprocessableEntity)
	w.b.write("#reason-text", "")
	w.b.click("label[for=choice-moved]")
	w.b.follow("button[value=reason]")
	w.sees("thanks", http.StatusOK)
	if got := w.wished().Reason; got != (Reason{Choice: "moved"}) {
		w.t.Errorf("the reason arrived as %+v", got)
	}
}

// failing: an address that leads nowhere, wishes and wrong links too often, a
// busy database and a broken one.
func (w *walk) failing() {
	w.t.Helper()
	w.open("/u/nobody")
	w.sees("missing", http.StatusNotFound)
	manage := w.behind(nil)
	for range 2 * wishBurst {
		w.s.post(manage, "do", "keep")
	}
	w.open(manage)
	w.b.follow("button[value=contact]")
	w.sees("manage", http.StatusTooManyRequests)
	w.exhaust()
	w.open("/m/nobody")
	w.sees("slow", http.StatusTooManyRequests)
	for page, c := range map[string]struct {
		err    error
		status int
	}{"busy": {ErrBusy, http.StatusServiceUnavailable}, "failed": {errors.New("disk full"), http.StatusInternalServerError}} {
		w.s.desk.mu.Lock()
		w.s.desk.err = c.err
		w.s.desk.mu.Unlock()
		w.open(manage)
		w.sees(page, c.status)
	}
}

// exhaust opens wrong links from this machine until it has to wait.
func (w *walk) exhaust() {
	w.t.Helper()
	for range wrongBurst {
		response, err := http.Get(w.base + "/s/nobody")
		if err != nil {
			w.t.Fatal(err)
		}
		_ = response.Body.Close()
	}
}
