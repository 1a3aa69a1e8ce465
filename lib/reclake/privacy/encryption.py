"""Contact data that must be read back: AES-SIV, deterministic, bound to its place.

Rebuilding a table gives the same bytes, and no nonce can repeat. A value moved to another row, column or table does not
decrypt. (RFC 5297)
"""

from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"reclake contact encryption"


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESSIV:
    # A key of its own for each purpose: the same file also makes the contact tokens.
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=_PURPOSE).derive(key))


def _place(table: str, column: str, row_id: str) -> list[bytes]:
    return [f"{table}|{column}|{row_id}".encode()]


def encrypt(key: bytes, text: str, *, table: str, column: str, row_id: str) -> bytes:
    """The sealed text, 16 bytes longer than its UTF-8; `text` must not be empty."""
    return _cipher(key).encrypt(text.encode(), _place(table, column, row_id))


def decrypt(key: bytes, sealed: bytes, *, table: str, column: str, row_id: str) -> str:
    """The text that was sealed in this place.

    Raises
    ------
    cryptography.exceptions.InvalidTag
        When bytes, key or place are not those of the encryption.
    """
    return _cipher(key).decrypt(sealed, _place(table, column, row_id)).decode()
