package web

import (
	"context"
	"net/http"
	"time"
)

// The notices of the page of an agreement.
const (
	noticeStale = "stale"
	noticeOften = "often"
)

// managePage answers below /m: GET shows the agreement, with the button that
// cancels first where the address ends in ?cancel; POST does what the form says.
func (p *public) managePage(a *answer, r *http.Request, token string, body []byte) {
	known, err := p.Agreements.Agreement(r.Context(), token)
	if err != nil {
		p.refuse(a, r, token, err)
		return
	}
	c := aboutAgreement(&known)
	c.cancelFirst = r.URL.Query().Has("cancel")
	if r.Method != http.MethodPost {
		p.show(a, http.StatusOK, pageManage, token, c)
		return
	}
	wish, faults, err := readWish(body)
	if err != nil {
		a.plain(http.StatusBadRequest)
		return
	}
	if len(faults) > 0 {
		c.reason, c.faults = wish.Reason, faults
		p.show(a, http.StatusUnprocessableEntity, pageWhy, token, c)
		return
	}
	// Who wants to leave is never asked to wait.
	if wish.Act != ActCancel && !p.wishes.allowToken(token, p.Clock()) {
		p.tooOften(a, token, pageManage, c)
		return
	}
	out, err := p.act(r.Context(), token, wish)
	if err != nil {
		p.refuse(a, r, token, err)
		return
	}
	status, page := pageAfter(wish, out)
	c.agreement, c.changes, c.faults = &out.Agreement, out.Changes, out.Faults
	if len(out.Faults) > 0 {
		c.typed = wish.Contact
	}
	if out.Stale {
		c.notice = noticeStale
	}
	p.show(a, status, page, token, c)
}

// act does what a POST asks for, also where the client hangs up before it has
// the answer: it has said what it wishes.
func (p *public) act(ctx context.Context, token string, w Wish) (Outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	return p.Agreements.Act(ctx, token, w)
}

// pageAfter is the page that follows a wish, with its status.
func pageAfter(w Wish, out Outcome) (status int, page string) {
	switch {
	case len(out.Faults) > 0:
		return http.StatusUnprocessableEntity, pageManage
	case out.Stale:
		return http.StatusConflict, pageManage
	}
	switch w.Act {
	case ActCancel:
		return http.StatusOK, pageCancelled
	case ActKeep:
		return http.StatusOK, pageKept
	case ActRenew:
		return http.StatusOK, pageWished
	case ActContact:
		return http.StatusOK, pageSaved
	}
	return http.StatusOK, pageThanks
}

// tooOften asks to come back later; what is known is shown all the same.
func (p *public) tooOften(a *answer, token, page string, c content) {
	a.retryAfter(int(wishEvery / time.Second))
	c.notice = noticeOften
	p.show(a, http.StatusTooManyRequests, page, token, c)
}

// reasonPage answers below /s: GET asks why somebody leaves, POST takes the
// answer.
func (p *public) reasonPage(a *answer, r *http.Request, token string, body []byte) {
	known, err := p.Reasons.Leaver(r.Context(), token)
	if err != nil {
		p.refuse(a, r, token, err)
		return
	}
	c := aboutAgreement(&known)
	if r.Method != http.MethodPost {
		p.show(a, http.StatusOK, pageWhy, token, c)
		return
	}
	wish, faults, err := readWish(body)
	if err != nil || wish.Act != ActReason {
		a.plain(http.StatusBadRequest)
		return
	}
	c.reason, c.faults = wish.Reason, faults
	if len(faults) > 0 {
		p.show(a, http.StatusUnprocessableEntity, pageWhy, token, c)
		return
	}
	if !p.wishes.allowToken(token, p.Clock()) {
		p.tooOften(a, token, pageWhy, c)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTime)
	defer cancel()
	if known, err = p.Reasons.Answer(ctx, token, wish.Reason); err != nil {
		p.refuse(a, r, token, err)
		return
	}
	p.show(a, http.StatusOK, pageThanks, token, aboutAgreement(&known))
}
