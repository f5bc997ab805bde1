// Package plan decides: the facts of one household, the rules and an instant go
// in, decisions come out, each with its reason. It is pure.
package plan
