package kinesis

import (
	"fmt"

	"github.com/putrecords/putrecords"
)

// Error codes that only operations of this package return.
const (
	ExpiredIteratorException  putrecords.ErrorCode = "ExpiredIteratorException"
	ExpiredNextTokenException putrecords.ErrorCode = "ExpiredNextTokenException"
	LimitExceededException    putrecords.ErrorCode = "LimitExceededException"
)

func errorf(code putrecords.ErrorCode, format string, args ...any) *putrecords.Error {
	return &putrecords.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func notFound(name, accountID string) *putrecords.Error {
	return errorf(putrecords.ResourceNotFoundException, "Stream %s under account %s not found.", name, accountID)
}

func notActive(name, accountID string, status putrecords.StreamStatus) *putrecords.Error {
	return errorf(putrecords.ResourceInUseException, "Stream %s under account %s not ACTIVE, instead in state %s", name, accountID, status)
}

func alreadyExists(name, accountID string) *putrecords.Error {
	return errorf(putrecords.ResourceInUseException, "Stream %s under account %s already exists.", name, accountID)
}

func rateExceeded(name, accountID string) *putrecords.Error {
	return errorf(LimitExceededException, "Rate exceeded for stream %s under account %s.", name, accountID)
}

func invalidArgument(format string, args ...any) *putrecords.Error {
	return errorf(putrecords.InvalidArgumentException, format, args...)
}

// autoNeedsOnDemand is what AWS documents. Its message is unknown.
func autoNeedsOnDemand() *putrecords.Error {
	return invalidArgument("A stream with RecordDistributionStrategy AUTO must have StreamMode ON_DEMAND.")
}
