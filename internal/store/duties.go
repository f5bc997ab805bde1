package store

import (
	"encoding/json"

	"renewd/internal/renewal"
)

// noDuties is the list of most reminders, spelled once.
const noDuties = "[]"

// writeDuties spells the duties that a reminder meets for its row.
func writeDuties(list []renewal.DutyWindow) string {
	if len(list) == 0 {
		return noDuties
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // two dates and a name always have a spelling
	}
	return string(text)
}

// readDuties reads them back.
func readDuties(text string) (list []renewal.DutyWindow, err error) {
	if text == noDuties {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &list)
	return list, err
}
