package main

import (
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// reasonSentences say for people what a reason means; the list is that of the
// hub.
var reasonSentences = map[renewal.Reason]string{
	renewal.Renewed:       "the term was renewed first",
	renewal.Corrected:     "the end of the term was corrected first",
	renewal.Cancelled:     "the agreement was cancelled",
	renewal.Erased:        "the customer's data were removed",
	renewal.NoAddress:     "there was no address to write to",
	renewal.Bounced:       "the address had come back as dead",
	renewal.Unsubscribed:  "the customer had refused commercial mail",
	renewal.SpamReported:  "the customer had reported mail as spam",
	renewal.Sunset:        "the address had been let go",
	renewal.Control:       "the customer was in the control group",
	renewal.Superseded:    "a later reminder of the same rule took its place",
	renewal.TooLate:       "its last moment went by",
	renewal.Missed:        "its window closed before it left",
	renewal.BeforeOurTime: "its window closed before renewd knew the term",
	renewal.NoMatch:       "no rule asked for it any more",
	renewal.Complaint:     "the customer had complained recently",
	renewal.FrequencyCap:  "the customer had been written to recently",
	renewal.OutsideHours:  "it was outside sending hours",
	renewal.Burst:         "a person had to release it first",
	renewal.TemplateError: "its letter did not render",
	renewal.BadData:       "a fact about the customer could not be used",
	renewal.Copy:          "the database might have been a copy",
	renewal.Deferred:      "the mail server asked to try later",
	renewal.ServerAway:    "the mail server was away",
	renewal.SenderRefused: "the mail server refused the sender",
	renewal.IsDue:         "its moment had come",
	renewal.Released:      "a person released it",
	renewal.Rejected:      "the mail server refused the recipient",
	renewal.InDoubt:       "the try was interrupted: whether the mail server accepted it is not known",
}

// reasonWords is a reason as a sentence; a word of a later version stays as it is.
func reasonWords(r renewal.Reason) string {
	if words := reasonSentences[r]; words != "" {
		return words
	}
	return string(r)
}

// gapWords says why there is no proof that a notice left in its window, empty
// where there is or none is needed.
func gapWords(n store.NoticeRecord, verdict string, business *time.Location) string {
	switch {
	case n.State == neverPlanned && verdict == windowEarlier:
		return "no notice was planned, nor had one been for this agreement before: it may not have needed one then"
	case verdict != windowMissed:
		return ""
	case n.State == neverPlanned:
		return "no notice was planned while the window was open"
	case n.State == renewal.Sent && n.SentAt.After(n.Closes):
		return "it left after its window had closed"
	case n.State == renewal.Sent:
		return "it left outside the window of " + unmetDuty(n, business)
	case n.State == renewal.Sending || n.State == renewal.Uncertain:
		return reasonWords(renewal.InDoubt)
	case n.State == renewal.Waiting:
		return fmt.Sprintf("its window closed while it waited: %s", reasonWords(n.Reason))
	case n.State.Unsent():
		return "its window closed and renewd has not looked at it since"
	}
	return reasonWords(n.Reason)
}
