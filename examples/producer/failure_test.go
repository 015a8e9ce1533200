package producer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/producer"
)

// A temporary failure of a whole request is retried, only by the producer. A permanent one is
// reported immediately.
func TestWholeRequestFails(t *testing.T) {
	for code, temporary := range map[putrecords.ErrorCode]bool{
		putrecords.InternalFailure:                        true,
		putrecords.KMSDisabledException:                   true,
		putrecords.KMSInvalidStateException:               true,
		putrecords.KMSThrottlingException:                 true,
		putrecords.ProvisionedThroughputExceededException: true,
		"LimitExceededException":                          true,
		"ThrottlingException":                             true,
		putrecords.AccessDeniedException:                  false,
		putrecords.InvalidArgumentException:               false,
		putrecords.KMSAccessDeniedException:               false,
		putrecords.KMSNotFoundException:                   false,
		putrecords.KMSOptInRequired:                       false,
		putrecords.ResourceNotFoundException:              false,
		putrecords.UnrecognizedClientException:            false,
		putrecords.ValidationException:                    false,
		"ANewException":                                   false,
	} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stream := putrecords.MustNew(putrecords.Config{})
				fault := stream.Inject(putrecords.Fault{Code: code, Count: 5, WholeRequest: true})
				var results []producer.Result
				p := newProducer(t, newClient(stream), producer.Config{
					Done: func(r producer.Result) { results = append(results, r) },
				})
				put(t, p, "k", "1")
				time.Sleep(time.Minute)
				err := p.Close(t.Context())
				if len(results) != 1 {
					t.Fatalf("results %+v", results)
				}
				result := results[0]
				if temporary && (err != nil || result.Err != nil || result.Attempts != 6 || fault.Hits() != 5 || result.SequenceNumber == "") {
					t.Errorf("%d failures, then %+v; Close: %v", fault.Hits(), result, err)
				}
				var answer smithy.APIError
				if !temporary && (!errors.As(result.Err, &answer) || answer.ErrorCode() != string(code) || result.Attempts != 1 || !errors.Is(err, result.Err)) {
					t.Errorf("%d failures, then %+v; Close: %v", fault.Hits(), result, err)
				}
			})
		})
	}
}

// A permanent failure that is not injected.
func TestNoSuchStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Name: "another"})
		var reported error
		p := newProducer(t, newClient(stream), producer.Config{Done: func(r producer.Result) { reported = r.Err }})
		put(t, p, "k", "1")
		err := p.Close(t.Context())
		var notFound *types.ResourceNotFoundException
		if !errors.As(reported, &notFound) || !errors.As(err, &notFound) {
			t.Errorf("Done got %v; Close: %v", reported, err)
		}
	})
}

// A roundTripper is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// When the network fails, nobody knows whether the request succeeded. It is retried, so its records
// may be stored twice.
func TestNetworkFails(t *testing.T) {
	for name, test := range map[string]struct {
		fails  func(to http.RoundTripper, r *http.Request) (*http.Response, error)
		copies int
	}{
		"before the request arrives": {
			func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, 1,
		},
		"before the answer arrives": {
			func(to http.RoundTripper, r *http.Request) (*http.Response, error) {
				if _, err := to.RoundTrip(r); err != nil {
					return nil, err
				}
				return nil, io.ErrUnexpectedEOF
			}, 2,
		},
		"during the answer": {
			func(to http.RoundTripper, r *http.Request) (*http.Response, error) {
				answer, err := to.RoundTrip(r)
				if err == nil {
					answer.Body = io.NopCloser(io.MultiReader(io.LimitReader(answer.Body, 50), broken{}))
				}
				return answer, err
			}, 2,
		},
		"without a sign, before the request arrives": {
			func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}, 1,
		},
		"without a sign, before the answer arrives": {
			func(to http.RoundTripper, r *http.Request) (*http.Response, error) {
				if _, err := to.RoundTrip(r); err != nil {
					return nil, err
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stream := putrecords.MustNew(putrecords.Config{})
				requests := 0
				client := newClient(stream, func(to http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						requests++
						if requests == 1 {
							return test.fails(to, r)
						}
						return to.RoundTrip(r)
					})
				})
				p := newProducer(t, client, producer.Config{})
				put(t, p, "k", "1")
				closeProducer(t, p)
				if copies := read(t, stream).copies[1]; copies != test.copies || requests != 2 {
					t.Errorf("%d copies after %d requests, want %d after 2", copies, requests, test.copies)
				}
			})
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A request that is stored but answered with a failure is stored twice. The naive producer does so
// too, because the SDK retries.
func TestAtLeastOnce(t *testing.T) {
	for _, correct := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			stream := putrecords.MustNew(putrecords.Config{})
			stream.Inject(putrecords.Fault{WholeRequest: true, AfterAppend: true})
			var p putter = &naive{client: newClient(stream)}
			if correct {
				p = newProducer(t, newClient(stream), producer.Config{})
			}
			for _, data := range []string{"0", "1", "2"} {
				put(t, p, "k", data)
			}
			closeProducer(t, p)
			back := read(t, stream)
			if got := back.duplicates(); !slices.Equal(got, []int{0, 1, 2}) || back.lost(3) != 0 {
				t.Errorf("correct: %t; duplicates %d, lost %d", correct, got, back.lost(3))
			}
		})
	}
}

// An answer with too few results is a failure of the whole request.
func TestShortAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, requests := newDiary(), 0
		client := clientFunc(func(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			requests++
			if requests == 1 {
				return &kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, 1)}, nil
			}
			return d.PutRecords(ctx, in)
		})
		p := newProducer(t, client, producer.Config{})
		put(t, p, "k", "a")
		put(t, p, "k", "b")
		closeProducer(t, p)
		if want := []string{"100ms: a b"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}
