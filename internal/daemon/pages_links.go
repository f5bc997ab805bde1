package daemon

import (
	"context"

	"renewd/internal/compose"
	"renewd/internal/renewal"
)

// pagesOf returns the pages of the agreements that a letter made on a day is
// about, by the agreements' ids.
func (l *Links) pagesOf(ctx context.Context, base string, agreements []*renewal.Agreement, on renewal.Date) (map[int64]compose.Links, error) {
	pages := make(map[int64]compose.Links, len(agreements))
	for _, a := range agreements {
		to := tied{agreementID: a.ID, customerID: a.CustomerID}
		manage, err := l.agreementToken(ctx, forManage, to, on)
		if err != nil {
			return nil, err
		}
		reason, err := l.agreementToken(ctx, forReason, to, on)
		if err != nil {
			return nil, err
		}
		own := compose.Links{Manage: base + "/m/" + manage, Reason: base + "/s/" + reason}
		if a.AutoRenew {
			own.Cancel = own.Manage + "?cancel"
		}
		pages[a.ID] = own
	}
	return pages, nil
}
