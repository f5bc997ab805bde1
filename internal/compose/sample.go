package compose

import (
	"time"

	"renewd/internal/renewal"
)

// SampleFor returns made-up data for a look at a built-in letter: n agreements in
// the situation in which that letter is sent, with the event that it answers. A
// letter that it does not know gets Sample.
func SampleFor(name string, n int) Data {
	data := Sample(n)
	if n == 0 {
		return data
	}
	renewing := func(change func(*Agreement)) {
		for i := range data.Agreements {
			data.Agreements[i].AutoRenew = true
			change(&data.Agreements[i])
		}
	}
	first := data.Agreements[0]
	switch name {
	case "auto-renewal-notice", "still-using", "yearly-reminder":
		renewing(func(*Agreement) {})
	case "acknowledgement":
		renewing(func(*Agreement) {})
		data.Event = sampleEvent(renewal.SignUp, first.StartsOn)
	case "renewal-confirmation":
		renewing(func(*Agreement) {})
		data.Event = sampleEvent(renewal.Renewal, first.StartsOn)
		data.Event.Amount = first.Price
	case "payment-failed":
		renewing(func(*Agreement) {})
		data.Event = sampleEvent(renewal.PaymentFailed, first.EndsOn-6)
		data.Event.Amount = first.Price
	case "price-change":
		renewing(announce)
		data.Event = sampleEvent(renewal.PriceChange, first.EndsOn-29)
	case "trial-ending":
		renewing(onTrial)
	case "cancellation-confirmation":
		renewing(func(*Agreement) {})
		data.Event = sampleEvent(renewal.Cancel, first.EndsOn-29)
	}
	return data
}

// sampleEvent is an event at five past nine of a day, UTC.
func sampleEvent(kind renewal.EventType, on renewal.Date) *Event {
	return &Event{Type: string(kind), On: on, At: on.Time().Add(9*time.Hour + 5*time.Minute)}
}

// announce gives an agreement a new price from its next term on.
func announce(a *Agreement) {
	a.NewPrice, a.NewPriceFrom = &renewal.Money{Minor: 10900, Currency: "EUR"}, a.RenewsOn
	a.NewPriceChargedOn, a.NewPriceCancelBy = a.RenewsOn, a.CancelBy
}

// onTrial makes an agreement's whole term a trial of 30 days.
func onTrial(a *Agreement) {
	a.StartsOn, a.TrialEndsOn = a.EndsOn-29, a.EndsOn
}
