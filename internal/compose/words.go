package compose

// footerWords are the words that renewd itself adds to a letter, in its language.
type footerWords struct {
	// Unsubscribe is the text of the link by which commercial mail is refused.
	// It must not read as if it ended the contract itself.
	Unsubscribe string
	// colon ends a label: French sets it off with a narrow no-break space.
	colon string
}

var footers = map[string]footerWords{
	"en": {"Unsubscribe from these reminders", ":"},
	"fr": {"Ne plus recevoir ces rappels", "\u202f:"},
	"pt": {"Deixar de receber estes lembretes", ":"},
	"es": {"Dejar de recibir estos avisos", ":"},
	"de": {"Diese Erinnerungen abbestellen", ":"},
	"it": {"Non ricevere più questi promemoria", ":"},
	"nl": {"Deze herinneringen niet meer ontvangen", ":"},
	"ca": {"Deixar de rebre aquests avisos", ":"},
}

// footerFor returns the words of a language, English where it is not known.
func footerFor(locale string) footerWords {
	if w, ok := footers[language(locale)]; ok {
		return w
	}
	return footers["en"]
}
