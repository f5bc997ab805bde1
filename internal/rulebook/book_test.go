package rulebook

import "testing"

func loaded(t testing.TB) *Book {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLoad(t *testing.T) {
	b := loaded(t)
	if len(b.All()) < 40 {
		t.Errorf("the books have %d duties, want all of them", len(b.All()))
	}
}
