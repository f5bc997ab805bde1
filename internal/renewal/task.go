package renewal

// TaskKind is the kind of a thing that waits for a person.
type TaskKind string

// The kinds of tasks; the list is closed.
const (
	TaskMissed        TaskKind = "missed"         // a notice whose window went by
	TaskRenewed       TaskKind = "renewed?"       // an auto-renewal that nobody confirmed
	TaskFailed        TaskKind = "failed"         // a notice that was refused
	TaskUncertain     TaskKind = "uncertain"      // a send whose end nobody can know
	TaskNoAddress     TaskKind = "no_address"     // a notice or receipt without an address
	TaskBounced       TaskKind = "bounced"        // a notice or receipt to a dead address
	TaskTemplateError TaskKind = "template_error" // a letter that does not render
	TaskBadData       TaskKind = "bad_data"       // a fact that cannot be used
	TaskBurst         TaskKind = "burst"          // many reminders at once: release them?
	TaskCopy          TaskKind = "copy"           // this database may be a copy: adopt it?
	TaskSenderRefused TaskKind = "sender_refused" // the server objects to us
	TaskServerAway    TaskKind = "server_away"    // there is no server
	TaskWish          TaskKind = "wish"           // a wish from the customer pages
)

// Task is a thing that waits for a person.
type Task struct {
	Kind TaskKind
	// Topic says what the task is about; the same topic is asked only once.
	Topic string
	// CustomerID and AgreementID are 0 where the task is about neither.
	CustomerID, AgreementID int64
	// Text is a sentence: what is the matter and what to do.
	Text string
}
