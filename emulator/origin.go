package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guard keeps web pages out, since any page in a browser on this machine can send requests to the
// emulator. It rejects a request, with status 403, if
//
//   - its Origin, which a browser adds, is not on loopback, or
//   - onLoopback is set and its Host is not on loopback. This stops DNS rebinding: an attacker can
//     make a domain resolve to 127.0.0.1, but the browser still sends the domain as Host.
//
// Set onLoopback if the emulator listens on loopback. Otherwise its clients may call it by any
// name.
//
// For pages on loopback guard adds the CORS headers that production sends, and it answers
// preflights.
func guard(next http.Handler, onLoopback bool, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		reason := ""
		switch {
		case onLoopback && !isLoopback(r.Host):
			reason = fmt.Sprintf("Host is %q and must be %s, because the emulator listens on loopback", r.Host, loopback)
		case origin != "" && !isLoopbackOrigin(origin):
			reason = fmt.Sprintf("Origin is %q and must be http:// or https:// and %s", origin, loopback)
		}
		if reason != "" {
			logger.WarnContext(r.Context(), "refused a request", "reason", reason) // SDKs hide the body
			http.Error(w, reason, http.StatusForbidden)
			return
		}
		if origin != "" {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			if r.Method == http.MethodOptions {
				answerPreflight(w.Header(), r.Header)
				return
			}
			w.Header().Set("Access-Control-Expose-Headers",
				"x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date")
		}
		next.ServeHTTP(w, r)
	})
}

// answerPreflight allows what a preflight asks for. A "*" would not allow the Authorization header.
func answerPreflight(answer, request http.Header) {
	if headers := request.Get("Access-Control-Request-Headers"); headers != "" {
		answer.Set("Access-Control-Allow-Headers", headers)
	}
	if method := request.Get("Access-Control-Request-Method"); method != "" {
		answer.Set("Access-Control-Allow-Methods", method)
	}
	answer.Set("Access-Control-Max-Age", "172800") // two days
}

const loopback = "localhost, [::1] or an address in 127.0.0.0/8, with any port"

// isLoopback reports whether a host, with or without a port, is this machine's loopback.
func isLoopback(hostPort string) bool {
	host := (&url.URL{Host: hostPort}).Hostname()
	return strings.ToLower(host) == "localhost" || net.ParseIP(host).IsLoopback()
}

func isLoopbackOrigin(origin string) bool {
	scheme, hostPort, _ := strings.Cut(origin, "://")
	return (scheme == "http" || scheme == "https") && isLoopback(hostPort)
}
