package mailout

// Outcome is what a try to deliver came to.
type Outcome string

// The outcomes. None of them says "delivered": no sender can know that.
const (
	// Accepted: the transport has taken the message over (2xx).
	Accepted Outcome = "accepted"
	// Deferred: not now (4xx, no connection, no space), and surely nothing left;
	// the same message may be tried again.
	Deferred Outcome = "deferred"
	// Rejected: the transport refuses this message for good (5xx).
	Rejected Outcome = "rejected"
	// Uncertain: the try broke off where nobody can know whether the message was
	// accepted.
	Uncertain Outcome = "uncertain"
)

// About is what a refusal is about.
type About string

// What refusals are about. The empty About goes with an accepted message.
const (
	AboutMailbox   About = "mailbox"   // the recipient
	AboutSender    About = "sender"    // us: reputation, content, authentication
	AboutTransport About = "transport" // neither: the way between
)

// Answer is what a transport said to a message, for the record of the message.
type Answer struct {
	Outcome Outcome
	About   About
	// Code is the SMTP reply code and Enhanced the code of RFC 3463 ("5.1.1");
	// 0 and empty for transports that have none.
	Code     int
	Enhanced string
	// Text is one line: the server's own words, or where the message was put.
	Text string
}
