package renewal

// DutyWindow is what a notice does for one legal or card-scheme duty: the notice
// meets the duty when it leaves from the first to the last day of its window.
type DutyWindow struct {
	// ID names the duty in the rule books: us-ca-renewal.
	ID string `json:"id"`
	// Opens and Closes are local dates of the customer, both inclusive.
	Opens  Date `json:"opens"`
	Closes Date `json:"closes"`
	// On is the date that the notice announces, About what else it does (a price);
	// a notice of another date, or about something else, is another one.
	On    Date   `json:"on,omitzero"`
	About string `json:"about,omitempty"`
}
