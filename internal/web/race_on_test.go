//go:build race

package web

// underRace: these tests run with the race detector.
const underRace = true
