"""Pseudonyms of whole columns, on the worker: one HMAC per distinct value, kept for the life of its process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from reclake.errors import SecretMissing
from reclake.privacy.contact_data import is_role_address, normalised_contact
from reclake.privacy.keys import load_key
from reclake.privacy.short_texts import kept_if_short
from reclake.privacy.tokens import account_pseudonym, contact_token, device_pseudonym


@dataclass(frozen=True, slots=True)
class Keys:
    """Where the keys lie and what they are called: plain words that may stand in a plan."""

    directory: str
    id_key_id: str | None = None
    contact_key_id: str | None = None
    default_region: str = "ZZ"  # no region: only numbers with a country code are read

    def load(self, key_id: str | None) -> bytes:
        """The key; only a worker calls this.

        Raises
        ------
        SecretMissing
            When the key is absent or not fit, or the builder was given none for this use.
        """
        if key_id is None:
            raise SecretMissing(
                "a column needs a key that its table does not declare", "none", "add it to the table's parameters"
            )
        return load_key(self.directory, key_id)


@lru_cache(maxsize=64)
def account_ids(keys: Keys, source: str) -> Callable[[str, str], str]:
    """The function from channel and native id to account_id."""
    key = keys.load(keys.id_key_id)

    @kept_if_short(1 << 18)
    def account_id(channel: str, native_id: str) -> str:
        return account_pseudonym(key, source=source, channel=channel, native_id=native_id)

    return account_id


@lru_cache(maxsize=64)
def device_ids(keys: Keys, source: str) -> Callable[[str], str]:
    """The function from native id to device_id."""
    key = keys.load(keys.id_key_id)

    @kept_if_short(1 << 18)
    def device_id(native_id: str) -> str:
        return device_pseudonym(key, source=source, native_id=native_id)

    return device_id


@lru_cache(maxsize=64)
def contact_tokens(keys: Keys, kind: str) -> Callable[[str], str | None]:
    """The function from a contact as written to its token, by kind: "phone", "email", "card", "union".

    None if it reaches or names nobody, or is a mailbox that is no person's: a token links accounts.
    """
    key, key_id = keys.load(keys.contact_key_id), str(keys.contact_key_id)

    @kept_if_short(1 << 16)
    def token(written: str) -> str | None:
        value = normalised_contact(kind, written, keys.default_region)
        if value is None or (kind == "email" and is_role_address(value)):
            return None
        return contact_token(key, key_id=key_id, kind=kind, value=value)

    return token
