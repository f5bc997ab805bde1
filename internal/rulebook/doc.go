// Package rulebook knows the notices that laws and card schemes ask for before
// an agreement renews, a trial ends or a price changes: the duties as data
// (books/*.toml), the windows that they open for one agreement, and the fewest
// sends that satisfy all of them. It reads no clock and does no I/O; its dates
// are civil dates of the customer.
//
// The books are engineering help, not legal advice: whoever runs renewd decides
// which duties are theirs.
package rulebook
