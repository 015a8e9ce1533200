package kinesishttp

import (
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/internal/seal"
	"github.com/putrecords/putrecords/kinesishttp/internal/jsonv2"
)

// A pageToken is what a NextToken of ListShards says. It is sealed JSON, so the handler keeps no
// state between pages.
type pageToken struct {
	ExclusiveStartShardID string
	Made                  time.Time // by the stream's clock
	ShardFilter           *shardFilter
	StreamARN             string
}

// tokenKind keeps ListShards from taking the sealed tokens of other operations.
const tokenKind = "ListShards"

// tokenLifetime is how long a token is valid, as on AWS.
const tokenLifetime = 300 * time.Second

// invalidToken is about a token that does not open. AWS's message is unknown.
var invalidToken = invalidArgument("The NextToken is not one that ListShards has returned.")

func (t pageToken) seal(tokens *seal.Sealer) string {
	return tokens.Seal(tokenKind, must(jsonv2.Marshal(t)))
}

// openToken returns what a NextToken says. With the zero TokenKey anyone can seal one, so it makes
// the checks of a request, too.
func openToken(tokens *seal.Sealer, text string) (*pageToken, error) {
	plaintext, ok := tokens.Open(tokenKind, text)
	if !ok {
		return nil, invalidToken
	}
	token := &pageToken{}
	if err := jsonv2.Unmarshal(plaintext, token); err != nil || token.request().check() != nil {
		return nil, invalidToken
	}
	return token, nil
}

// request returns the request for the page that the token stands for.
func (t *pageToken) request() *listShardsInput {
	arn, _ := constraint.ParseARN(t.StreamARN)
	return &listShardsInput{
		ExclusiveStartShardID: &t.ExclusiveStartShardID,
		ShardFilter:           t.ShardFilter,
		StreamARN:             &t.StreamARN,
		StreamName:            &arn.Name,
	}
}

// check checks that the token is of a stream and has not expired. The stream is the one with the
// token's name in the account that the request names, which may be another account. AWS's messages
// are unknown.
func (t *pageToken) check(stream *putrecords.Stream) error {
	if stream.ARN() != t.StreamARN {
		return invalidArgument("NextToken does not match the provided StreamARN.")
	}
	if stream.Now().Sub(t.Made) > tokenLifetime {
		return &putrecords.Error{
			Code:    ExpiredNextTokenException,
			Message: "The NextToken has expired. A token is valid for 300 seconds.",
		}
	}
	return nil
}
