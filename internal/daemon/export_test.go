package daemon

import "context"

// ClaimAround looks ahead, calls between when everything is read and decided, and
// claims. It returns how many households the look ahead covers, and the messages
// that were claimed, which are given back.
func (e *Engine) ClaimAround(ctx context.Context, between func()) (seen, messages int, err error) {
	p := e.lookAhead(ctx, claimBatch, false)
	if err := p.wait(); err != nil {
		return 0, 0, err
	}
	between()
	batch, _, err := e.claim(ctx, p, claimBatch)
	if err != nil {
		return 0, 0, err
	}
	for _, c := range batch {
		err = c.saved.wait()
	}
	if err == nil {
		err = e.giveBack(batch...)
	}
	return len(p.seen), len(batch), err
}
