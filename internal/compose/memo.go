package compose

import "sync"

// memo remembers what a pure function returned for its latest arguments: no more
// than size of them, so that no odd data fill the memory. It is safe for
// concurrent use.
type memo[K comparable, V any] struct {
	mu      sync.RWMutex
	size    int
	entries map[K]V
}

func newMemo[K comparable, V any](size int) *memo[K, V] {
	return &memo[K, V]{size: size, entries: make(map[K]V)}
}

func (m *memo[K, V]) get(key K) (V, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.entries[key]
	return v, ok
}

// put remembers v. Where there is no room, any one of the others goes: what is
// asked for often is back at once.
func (m *memo[K, V]) put(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, have := m.entries[key]; !have && len(m.entries) >= m.size {
		for other := range m.entries {
			delete(m.entries, other)
			break
		}
	}
	m.entries[key] = v
}
