package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

const maxKeyIDLength = 2048

type encryptionInput struct {
	EncryptionType *string
	KeyID          *string `json:"KeyId"`
	StreamARN      *string
	StreamName     *string
}

// startEncryption accepts any key. The same key makes the stream UPDATING again.
func (s *Service) startEncryption(_ context.Context, r *kinesishttp.Request, in *encryptionInput) (any, error) {
	return nil, s.setEncryption(r, in, func(next *store.Settings) error {
		next.EncryptionType, next.KeyID = putrecords.EncryptionKMS, *in.KeyID
		return nil
	})
}

// stopEncryption does not look at the key. AWS's behavior with another key than the stream's is
// unknown.
func (s *Service) stopEncryption(_ context.Context, r *kinesishttp.Request, in *encryptionInput) (any, error) {
	return nil, s.setEncryption(r, in, func(next *store.Settings) error {
		if next.EncryptionType == putrecords.EncryptionNone {
			return invalidArgument("Cannot stop encrypting an unencrypted stream.")
		}
		next.EncryptionType, next.KeyID = putrecords.EncryptionNone, ""
		return nil
	})
}

func (s *Service) setEncryption(r *kinesishttp.Request, in *encryptionInput, set func(next *store.Settings) error) error {
	var v violations
	v.AddEnum("encryptionType", in.EncryptionType, string(putrecords.EncryptionKMS), string(putrecords.EncryptionNone))
	v.AddMissing("keyId", in.KeyID == nil)
	v.AddLength("keyId", in.KeyID, 1, maxKeyIDLength)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	return st.change(func(next *store.Stream) (bool, error) {
		if *in.EncryptionType != string(putrecords.EncryptionKMS) {
			// AWS's documentation: "The only valid value is KMS". Its message is unknown.
			return false, invalidArgument("The only EncryptionType that can be started or stopped is KMS.")
		}
		err := set(&next.Settings)
		return err == nil, err
	})
}
