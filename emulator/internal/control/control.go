// Package control is an HTTP API with which a test in any language prepares an emulator: it creates
// streams with any limits and layout, injects faults and sets the clock. docs/control.md describes
// it.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/clock"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
)

type handler struct {
	service *kinesis.Service
	clock   *clock.Clock
	faults  faults
}

// New returns a handler that answers requests at /control/ and passes every other request to next.
// Only clients on this machine may reach it.
func New(service *kinesis.Service, clock *clock.Clock, next http.Handler) http.Handler {
	h := &handler{service: service, clock: clock}
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request) (any, error){
		"GET /control/streams":               h.listStreams,
		"POST /control/streams":              h.createStream,
		"DELETE /control/streams/{name}":     h.deleteStream,
		"PUT /control/streams/{name}/limits": h.setLimits,
		"GET /control/faults":                h.listFaults,
		"POST /control/faults":               h.injectFault,
		"DELETE /control/faults/{id}":        h.removeFault,
		"GET /control/clock":                 h.readClock,
		"PUT /control/clock":                 h.setClock,
		"POST /control/clock/advance":        h.advanceClock,
		"POST /control/reset":                h.reset,
		"/control/":                          noSuchCall,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answer(w, r, do) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/control/") {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func noSuchCall(r *http.Request) (any, error) {
	return nil, refusal{http.StatusNotFound, fmt.Sprintf("there is no %s %s; docs/control.md lists all calls", r.Method, r.URL.Path)}
}

// reset deletes all streams with their faults, and starts the clock.
func (h *handler) reset(r *http.Request) (any, error) {
	if err := decode(r, &struct{}{}); err != nil {
		return nil, err
	}
	for _, stream := range h.service.Streams() {
		if err := h.service.Remove(stream); err != nil {
			return nil, err
		}
	}
	running := true
	return struct{}{}, h.clock.Set(nil, &running)
}

// A refusal is an error of the client.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func badRequest(format string, args ...any) error {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// answer sends what do returns as JSON, or {"error": "..."}.
func answer(w http.ResponseWriter, r *http.Request, do func(*http.Request) (any, error)) {
	err := checkOrigin(r)
	if err == nil {
		err = checkQuery(r)
	}
	var out any
	if err == nil {
		out, err = do(r)
	}
	status := http.StatusOK
	if err != nil {
		status = statusOf(err)
		out = map[string]string{"error": textOf(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(out) // the client may be gone
}

// checkOrigin keeps out pages of other servers on this machine. The emulator has refused pages from
// elsewhere already.
func checkOrigin(r *http.Request) error {
	own := "http://" + r.Host
	if r.TLS != nil {
		own = "https://" + r.Host
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != own {
		return refusal{http.StatusForbidden, fmt.Sprintf("Origin is %q and must be %q or absent", origin, own)}
	}
	return nil
}

func statusOf(err error) int {
	var refused refusal
	var invalid *putrecords.ConfigError
	var aws *putrecords.Error
	switch {
	case errors.As(err, &refused):
		return refused.status
	case errors.Is(err, putrecords.ResourceNotFoundException):
		return http.StatusNotFound
	case errors.Is(err, putrecords.ResourceInUseException):
		return http.StatusConflict
	case errors.As(err, &invalid), errors.As(err, &aws):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func textOf(err error) string {
	var invalid *putrecords.ConfigError
	var aws *putrecords.Error
	switch {
	case errors.As(err, &invalid):
		return invalid.Field + ": " + invalid.Reason
	case errors.As(err, &aws):
		return aws.Message
	}
	return err.Error()
}
