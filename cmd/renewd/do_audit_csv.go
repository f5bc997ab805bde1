package main

import (
	"encoding/csv"
	"io"
	"strings"
)

// auditHeader names the columns of the spreadsheet.
var auditHeader = []string{"agreement", "customer", "term_ends_on", "rule", "step", "window_opens", "window_closes", "verdict",
	"state", "reason", "why", "sent_at", "server_reply", "message_id", "sha256", "duties", "duties_not_met"}

// writeAuditCSV writes notices as RFC 4180 has it: commas, CRLF, quotes where
// needed. Instants are in UTC, as in JSON.
func writeAuditCSV(out io.Writer, lines []auditLine) error {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if err := w.Write(auditHeader); err != nil {
		return err
	}
	for _, l := range lines {
		var duties, unmet []string
		for _, d := range l.Duties {
			duties = append(duties, d.ID+" "+d.Opens.String()+" to "+d.Closes.String())
			if !d.Met && l.Verdict == windowMissed {
				unmet = append(unmet, d.ID)
			}
		}
		row := []string{l.Agreement, l.Customer, l.Term, l.Rule, l.Step, l.Window.Opens, l.Window.Closes, l.Verdict,
			l.State, l.Reason, l.Why, l.SentAt, l.Reply, l.Message, l.SHA256, strings.Join(duties, "; "), strings.Join(unmet, "; ")}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// harmless keeps a spreadsheet from taking a cell for a formula: strangers choose
// refs, and mail servers their replies.
func harmless(cell string) string {
	cell = printable(cell)
	if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
