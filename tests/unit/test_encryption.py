import random

import pytest
from cryptography.exceptions import InvalidTag

from reclake.privacy.encryption import decrypt, encrypt

KEY, NEW_KEY = bytes(range(32)), bytes(range(1, 33))
PLACE = {"table": "silver.contacts", "column": "phone_encrypted", "row_id": "a_1"}


def random_texts(*, seed, n):
    draw = random.Random(seed)
    planes = [(0x20, 0x7E), (0xA0, 0x7FF), (0x4E00, 0x9FFF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)]
    for _ in range(n):
        yield "".join(chr(draw.randint(*draw.choice(planes))) for _ in range(draw.randint(1, 40)))


def test_round_trip_of_ten_thousand_random_texts():
    texts = list(random_texts(seed=7, n=10_000))
    assert len(set(texts)) > 9_000
    for text in texts:
        assert decrypt(KEY, encrypt(KEY, text, **PLACE), **PLACE) == text


def test_the_same_value_in_the_same_place_gives_the_same_bytes_and_elsewhere_others():
    sealed = [
        encrypt(key, "+8613800138000", **(PLACE | other))
        for key, other in [(KEY, {}), (KEY, {}), (KEY, {"row_id": "a_2"}), (KEY, {"column": "email_encrypted"}), (NEW_KEY, {})]
    ]
    assert sealed[0] == sealed[1]
    assert len(set(sealed)) == 4


@pytest.mark.parametrize("moved", [{"table": "silver.accounts"}, {"column": "email_encrypted"}, {"row_id": "a_2"}])
def test_a_value_moved_elsewhere_does_not_decrypt(moved):
    sealed = encrypt(KEY, "+8613800138000", **PLACE)
    with pytest.raises(InvalidTag):
        decrypt(KEY, sealed, **(PLACE | moved))


def test_every_flipped_bit_is_an_error():
    sealed = encrypt(KEY, "南京东路 100 号", **PLACE)
    for place in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(InvalidTag):
            decrypt(KEY, bytes(flipped), **PLACE)


def test_after_a_rotation_old_and_new_are_read_each_with_its_key():
    old, new = encrypt(KEY, "+8613800138000", **PLACE), encrypt(NEW_KEY, "+8613800138000", **PLACE)
    assert decrypt(KEY, old, **PLACE) == decrypt(NEW_KEY, new, **PLACE)
    with pytest.raises(InvalidTag):
        decrypt(NEW_KEY, old, **PLACE)
