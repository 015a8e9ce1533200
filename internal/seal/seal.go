// Package seal turns small values, such as iterators and tokens, into opaque text that only the
// holder of a key can make and read. The modules of this repository share it. They may be built at
// different versions, so what it exports stays compatible.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// A Sealer seals values with a key. It is safe for concurrent use.
//
// It uses a synthetic initialization vector, as SIV modes do. The tag is an HMAC-SHA256 of the kind
// and the plaintext, cut to 16 bytes. The tag is also the initialization vector of AES-CTR, which
// encrypts the plaintext. The HMAC and AES have different keys. Both come from the sealer's key.
// All of that is allowed with GODEBUG=fips140=only.
//
// A token is these bytes in base64:
//
//	8    prefix
//	16   tag
//	rest encrypted plaintext
type Sealer struct {
	macKey []byte
	block  cipher.Block
}

// prefix is how AWS's shard iterators begin.
const prefix = "\x00\x00\x00\x00\x00\x00\x00\x01"

const tagSize = aes.BlockSize

// New returns a sealer with a key. Whoever knows the key can forge tokens.
func New(key [32]byte) *Sealer {
	block, err := aes.NewCipher(mac(key[:], []byte("encryption")))
	if err != nil {
		panic(err) // the length of the key is right
	}
	return &Sealer{macKey: mac(key[:], []byte("authentication")), block: block}
}

// Seal returns the token for a plaintext. The same key, kind and plaintext always give the same
// token. A token's length tells the length of its plaintext. The kind says what the token is for,
// such as the name of an operation; Open accepts it with the same kind only.
func (s *Sealer) Seal(kind string, plaintext []byte) string {
	tag := s.tag(kind, plaintext)
	sealed := make([]byte, 0, len(prefix)+tagSize+len(plaintext))
	sealed = append(sealed, prefix...)
	sealed = append(sealed, tag...)
	sealed = append(sealed, s.crypt(tag, plaintext)...)
	return base64.StdEncoding.EncodeToString(sealed)
}

// Open returns the plaintext of a token, and whether Seal has made the token with the same key and
// kind.
func (s *Sealer) Open(kind, token string) (plaintext []byte, ok bool) {
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(sealed) < len(prefix)+tagSize {
		return nil, false
	}
	sealed = sealed[len(prefix):]
	plaintext = s.crypt(sealed[:tagSize], sealed[tagSize:])
	// Each plaintext has one token, so this checks the tag, the prefix and the form of the base64.
	if subtle.ConstantTimeCompare([]byte(s.Seal(kind, plaintext)), []byte(token)) != 1 {
		return nil, false
	}
	return plaintext, true
}

// tag returns the tag of a plaintext. The kind's length comes first, so that no other kind and
// plaintext give the same bytes.
func (s *Sealer) tag(kind string, plaintext []byte) []byte {
	length := binary.BigEndian.AppendUint64(nil, uint64(len(kind)))
	return mac(s.macKey, length, []byte(kind), plaintext)[:tagSize]
}

// crypt encrypts a plaintext, or decrypts what it has encrypted.
func (s *Sealer) crypt(tag, text []byte) []byte {
	crypted := make([]byte, len(text))
	cipher.NewCTR(s.block, tag).XORKeyStream(crypted, text)
	return crypted
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		_, _ = h.Write(part) // never fails
	}
	return h.Sum(nil)
}
