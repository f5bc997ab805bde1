//go:build race

package test

// underRace: these tests run with the race detector.
const underRace = true
