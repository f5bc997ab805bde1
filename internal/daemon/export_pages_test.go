package daemon

import (
	"context"
	"slices"

	"renewd/internal/renewal"
)

// AgreementToken is that of a letter about an agreement made on a day; purpose
// is m or s.
func (l *Links) AgreementToken(ctx context.Context, purpose string, agreementID, customerID int64, on renewal.Date) (string, error) {
	return l.agreementToken(ctx, purpose, tied{agreementID, customerID}, on)
}

// UnsubscribeToken is that of a commercial letter to a customer.
func (l *Links) UnsubscribeToken(ctx context.Context, customerID int64) (string, error) {
	return l.unsubscribeToken(ctx, customerID)
}

// Opens says of each purpose whether a token is one for it.
func (l *Links) Opens(ctx context.Context, token string) map[string]bool {
	opens := map[string]bool{}
	_, opens[forUnsubscribe], _ = l.unsubscriber(ctx, token)
	_, opens[forManage], _ = l.holder(ctx, forManage, token)
	_, opens[forReason], _ = l.holder(ctx, forReason, token)
	return opens
}

// ContactColumns are the columns that a page shows, sorted, each once a kind.
func ContactColumns() []string {
	var all []string
	for _, columns := range contactColumns {
		for _, column := range columns {
			all = append(all, foldColumn(column))
		}
	}
	slices.Sort(all)
	return all
}

// FoldColumn is the spelling by which columns are known.
func FoldColumn(name string) string { return foldColumn(name) }
