package kinesishttp

import (
	"errors"
	"net/http"
	"slices"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
)

// Add adds streams. A stream replaces any other stream of its account and region with the same
// name. If the handler does not have the account yet, Add makes it.
func (h *Handler) Add(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, stream := range streams {
		arn, _ := constraint.ParseARN(stream.ARN())
		account := h.exactly(arn)
		if account == nil {
			account = must(putrecords.NewAccount(arn.AccountID, arn.Region))
			h.accounts = append(h.accounts, account)
		}
		for errors.Is(account.Add(stream), putrecords.ResourceInUseException) {
			account.Remove(stream.Name())
		}
	}
}

// Remove removes streams, and the accounts that Add made for them. It does not interrupt requests
// that are already in progress.
func (h *Handler) Remove(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, stream := range streams {
		arn, _ := constraint.ParseARN(stream.ARN())
		if account := h.exactly(arn); account != nil {
			if found, _ := account.Stream(&arn.Name, nil); found == stream {
				account.Remove(arn.Name)
			}
		}
	}
	made := slices.DeleteFunc(h.accounts[h.given:], func(a *putrecords.Account) bool { return len(a.Streams()) == 0 })
	h.accounts = h.accounts[:h.given+len(made)]
}

// exactly returns the handler's own account with an ARN's ID and region, or nil.
func (h *Handler) exactly(arn constraint.ARN) *putrecords.Account {
	for _, account := range h.accounts {
		if account.ID() == arn.AccountID && account.Region() == arn.Region {
			return account
		}
	}
	return nil
}

// account returns the account with an ID in a region, or nil. "" stands for any. If there is none
// in the region, account returns the one with that ID in another region.
func (h *Handler) account(id, region string) *putrecords.Account {
	if h.FindAccount != nil {
		if account := h.FindAccount(id, region); account != nil {
			return account
		}
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	var elsewhere *putrecords.Account
	for _, account := range h.accounts {
		switch {
		case id != "" && account.ID() != id:
		case region == "" || account.Region() == region:
			return account
		case elsewhere == nil:
			elsewhere = account
		}
	}
	return elsewhere
}

// bodyLimit returns the size of the largest body that a request can have within AWS's limits or
// those of any stream, whichever is larger. It returns -1 if a stream's limits do not bound it.
func (h *Handler) bodyLimit(r *http.Request) int64 {
	largest := bodyLimit(awsLimits)
	if 0 <= r.ContentLength && r.ContentLength <= largest {
		return largest // whatever the streams' limits are
	}
	for _, account := range h.accountsFor(r) {
		for _, stream := range account.Streams() {
			limit := bodyLimit(stream.Limits())
			if limit == -1 {
				return -1
			}
			largest = max(largest, limit)
		}
	}
	return largest
}

// accountsFor returns the accounts that a request may mean, as far as they are known before its
// body.
func (h *Handler) accountsFor(r *http.Request) []*putrecords.Account {
	h.mu.RLock()
	accounts := slices.Clone(h.accounts)
	h.mu.RUnlock()
	if h.FindAccount != nil {
		caller := callerOf(r)
		if account := h.FindAccount(caller.accountID, caller.region); account != nil {
			accounts = append(accounts, account)
		}
	}
	return accounts
}
