"""Keyed pseudonyms: the join keys of silver and gold.

HMAC-SHA256, cut to 128 bits. Whoever holds the key can try all phone numbers, so a token stays personal data.
"""

import hmac

_HEX_DIGITS = 32


def _keyed(key: bytes, message: str) -> str:
    return hmac.digest(key, message.encode(), "sha256").hex()[:_HEX_DIGITS]


def account_pseudonym(key: bytes, *, source: str, channel: str, native_id: str) -> str:
    """The account_id of a channel's account: "a_" and 32 hex digits.

    The source's name holds no bar; one in the channel is escaped, so two accounts never share a message.

    Examples
    --------
    >>> key = bytes(32)
    >>> account_pseudonym(key, source="s", channel="a|b", native_id="c") == account_pseudonym(
    ...     key, source="s", channel="a", native_id="b|c"
    ... )
    False
    """
    scope = channel.replace("%", "%25").replace("|", "%7C")
    return "a_" + _keyed(key, f"account|{source}|{scope}|{native_id}")


def device_pseudonym(key: bytes, *, source: str, native_id: str) -> str:
    """The device_id of a source's device: "d_" and 32 hex digits."""
    return "d_" + _keyed(key, f"device|{source}|{native_id}")


def contact_token(key: bytes, *, key_id: str, kind: str, value: str) -> str:
    """The token of a normalised contact: the key's name, a colon and 32 hex digits.

    `kind` ("phone", "email", "card", "union") parts two kinds of equal text. The name tells tokens of two keys apart while one replaces
    the other.
    """
    return f"{key_id}:" + _keyed(key, f"{kind}|{value}")
