package control

import (
	"net/http"
	"time"
)

func (h *handler) readClock(*http.Request) (any, error) {
	now, running := h.clock.Read()
	return struct {
		Now     time.Time
		Running bool
	}{now, running}, nil
}

func (h *handler) setClock(r *http.Request) (any, error) {
	var in struct {
		Now     *time.Time
		Running *bool
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := h.clock.Set(in.Now, in.Running); err != nil {
		return nil, badRequest("Now is %s, but %v", in.Now.Format(time.RFC3339Nano), err)
	}
	return h.readClock(r)
}

func (h *handler) advanceClock(r *http.Request) (any, error) {
	var in struct{ By string }
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	by, err := time.ParseDuration(in.By)
	if err != nil {
		return nil, badRequest("By is %q and must be a duration such as \"1.5s\" or \"24h\"", in.By)
	}
	if err := h.clock.Advance(by); err != nil {
		return nil, badRequest("By is %q, but %v", in.By, err)
	}
	return h.readClock(r)
}
