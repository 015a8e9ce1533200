package putrecords_test

import (
	"encoding/json"
	"testing"

	"github.com/putrecords/putrecords"
)

// The statuses are those of AWS's pages. 500 and 503 are what the AWS SDK retries.
func TestHTTPStatusCodes(t *testing.T) {
	for code, want := range map[putrecords.ErrorCode]int{
		putrecords.InternalFailure:                        500,
		"InternalFailureException":                        500,
		"ServiceUnavailable":                              503,
		"ThrottlingException":                             400,
		"OptInRequired":                                   403,
		"InvalidClientTokenId":                            403,
		"MissingAuthenticationToken":                      403,
		putrecords.AccessDeniedException:                  400,
		putrecords.ProvisionedThroughputExceededException: 400,
		putrecords.ValidationException:                    400,
		putrecords.UnrecognizedClientException:            400,
		"SomethingElse":                                   400,
	} {
		if got := (&putrecords.Error{Code: code}).HTTPStatusCode(); got != want {
			t.Errorf("%s has status %d, want %d", code, got, want)
		}
	}
}

// An error without a message prints and encodes without one, as production sends it.
func TestErrorWithoutMessage(t *testing.T) {
	err := &putrecords.Error{Code: putrecords.InternalFailure}
	body, encodeErr := json.Marshal(err)
	if encodeErr != nil || string(body) != `{"__type":"InternalFailure"}` || err.Error() != "InternalFailure" {
		t.Errorf("prints %q and encodes as %s, %v", err, body, encodeErr)
	}
}
