package seal_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/internal/seal"
)

func keys() *rapid.Generator[[32]byte] {
	return rapid.Custom(func(t *rapid.T) [32]byte {
		return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
	})
}

// A token opens with its key and kind, and only with them.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, otherKey := keys().Draw(t, "key"), keys().Draw(t, "other key")
		kind, otherKind := rapid.String().Draw(t, "kind"), rapid.String().Draw(t, "other kind")
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plaintext")
		token := seal.New(key).Seal(kind, plaintext)
		if got, ok := seal.New(key).Open(kind, token); !ok || !bytes.Equal(got, plaintext) {
			t.Fatalf("opened %x, %t", got, ok)
		}
		if got, ok := seal.New(key).Open(otherKind, token); ok != (otherKind == kind) {
			t.Fatalf("opened %x with another kind", got)
		}
		if got, ok := seal.New(otherKey).Open(kind, token); ok != (otherKey == key) {
			t.Fatalf("opened %x with another key", got)
		}
	})
}

// These tokens were computed with Python and OpenSSL.
func TestTokensAreTheSameEachTime(t *testing.T) {
	sealer := seal.New([32]byte{1})
	for plaintext, want := range map[string]string{
		"":       "AAAAAAAAAAHGLEtIIAdVhpjQZ8ihB/5R",
		"orders": "AAAAAAAAAAFz1zejvF4zTo14gYzY+GCWLhxWR2bS",
	} {
		if got := sealer.Seal("ListShards", []byte(plaintext)); got != want {
			t.Errorf("%q: %s", plaintext, got)
		}
	}
}

// A kind and a plaintext are not the same as another kind and plaintext that make the same text.
func TestKindAndPlaintextAreSeparate(t *testing.T) {
	sealer := seal.New([32]byte{})
	if sealer.Seal("ab", []byte("c"))[:32] == sealer.Seal("a", []byte("bc"))[:32] {
		t.Error("the tags are equal")
	}
}

// Equal parts of two plaintexts look different in their tokens.
func TestTokensHideWhatPlaintextsShare(t *testing.T) {
	sealer := seal.New([32]byte{})
	open := func(plaintext string) []byte {
		sealed, err := base64.StdEncoding.DecodeString(sealer.Seal("k", []byte(plaintext)))
		if err != nil {
			t.Fatal(err)
		}
		return sealed[24:]
	}
	a, b := open("stream orders, shard 1"), open("stream orders, shard 2")
	if bytes.Equal(a[:16], b[:16]) {
		t.Errorf("%x and %x begin alike", a, b)
	}
}

func TestAnyFlippedBitIsRefused(t *testing.T) {
	sealer := seal.New([32]byte{7})
	for length := range 40 { // all kinds of padding, and around a block
		token := sealer.Seal("kind", bytes.Repeat([]byte{'x'}, length))
		for i := range 8 * len(token) {
			flipped := []byte(token)
			flipped[i/8] ^= 1 << (i % 8)
			if plaintext, ok := sealer.Open("kind", string(flipped)); ok || plaintext != nil {
				t.Fatalf("length %d, bit %d: opened %x", length, i, plaintext)
			}
		}
		sealed, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(sealed) {
			sealed[i/8] ^= 1 << (i % 8)
			if plaintext, ok := sealer.Open("kind", base64.StdEncoding.EncodeToString(sealed)); ok {
				t.Fatalf("length %d, bit %d of the bytes: opened %x", length, i, plaintext)
			}
			sealed[i/8] ^= 1 << (i % 8)
		}
	}
}

func TestTokensOfAnotherFormAreRefused(t *testing.T) {
	sealer := seal.New([32]byte{7})
	token := sealer.Seal("kind", []byte("plaintext"))
	for n := range len(token) {
		if _, ok := sealer.Open("kind", token[:n]); ok {
			t.Errorf("the first %d characters open", n)
		}
	}
	for _, other := range []string{
		"", "=", "AAAAAAAAAAE=", token + "=", token + "\n", token[:8] + "\r\n" + token[8:], " " + token, token + token,
	} {
		if _, ok := sealer.Open("kind", other); ok {
			t.Errorf("%q opens", other)
		}
	}
}

// Open accepts exactly what Seal returns.
func FuzzOpen(f *testing.F) {
	sealer := seal.New([32]byte{7})
	f.Add("kind", sealer.Seal("kind", []byte("plaintext")))
	f.Add("kind", sealer.Seal("kind", nil))
	f.Add("", "AAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, kind, token string) {
		if plaintext, ok := sealer.Open(kind, token); ok && sealer.Seal(kind, plaintext) != token {
			t.Errorf("%q opens to %x, which has another token", token, plaintext)
		}
		if plaintext, ok := sealer.Open(kind, sealer.Seal(kind, []byte(token))); !ok || string(plaintext) != token {
			t.Errorf("the sealed %q opens to %q, %t", token, plaintext, ok)
		}
	})
}
