package main

import "slices"

// idleKeys are the keys whose feature is not in this version: they are checked
// like all others and then named by check as without effect. A key leaves this
// list when its feature arrives.
var idleKeys = map[string][]string{
	"cron": {"digest", "learn", "inbox"},
	"rule": {"control"},
}

// learnedMoments are the families of moments that count from an estimated date.
var learnedMoments = []string{"lapse", "season", "drop", "sunset"}

func withoutEffect(table, key string) bool { return slices.Contains(idleKeys[table], key) }
