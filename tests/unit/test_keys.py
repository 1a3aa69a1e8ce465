import base64

import pytest

from reclake.errors import SecretMissing
from reclake.privacy.keys import check_keys, load_key, make_key_files

KEY = bytes(range(32))


def written(folder, text, *, key_id="id1", mode=0o600):
    path = folder / f"{key_id}.key"
    path.write_text(text)
    path.chmod(mode)
    return str(folder)


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper() + "\n", base64.b64encode(KEY).decode(), f" {KEY.hex()}\n"])
def test_hex_and_base64_give_the_same_key(tmp_path, text):
    assert load_key(written(tmp_path, text), "id1") == KEY


@pytest.mark.parametrize(
    ("text", "mode", "found"),
    [
        (KEY[:31].hex(), 0o600, "holds no hex or base64 text of at least 32 bytes"),
        (base64.b64encode(KEY[:31]).decode(), 0o600, "holds no hex or base64 text of at least 32 bytes"),
        ("", 0o600, "holds no hex or base64 text of at least 32 bytes"),
        ("not a key, just words of some length, longer than 32 bytes", 0o600, "holds no hex or base64 text of at least 32 bytes"),
        (KEY.hex(), 0o640, "can be used by others than its owner (mode 0640)"),
        (KEY.hex(), 0o604, "can be used by others than its owner (mode 0604)"),
    ],
)
def test_an_unfit_key_stops_the_start_without_a_word_of_it(tmp_path, text, mode, found):
    directory = written(tmp_path, text, mode=mode)
    with pytest.raises(SecretMissing) as stopped:
        load_key(directory, "id1")
    assert f"id1.key {found}" in str(stopped.value)
    assert not text.strip() or text.strip() not in str(stopped.value)


@pytest.mark.parametrize("n_bytes", range(16, 32))
def test_a_short_hex_key_does_not_pass_for_a_longer_one_in_base64(tmp_path, n_bytes):
    with pytest.raises(SecretMissing, match="at least 32 bytes"):
        load_key(written(tmp_path, KEY[:n_bytes].hex()), "id1")


def test_there_is_no_default_key(tmp_path):
    with pytest.raises(SecretMissing, match=r"id1\.key does not exist"):
        load_key(str(tmp_path), "id1")


def test_all_unfit_keys_are_named_at_once(tmp_path):
    directory = written(tmp_path, KEY.hex())
    check_keys(directory, ["id1"])
    with pytest.raises(SecretMissing) as stopped:
        check_keys(directory, ["id1", "c1", "c2"])
    assert "2 of 3 keys" in str(stopped.value)
    assert "c1.key does not exist; c2.key does not exist" in str(stopped.value)


@pytest.mark.parametrize("key_id", ["../id1", "", "Id1", "id1/..", "id1\x00", "/etc/passwd"])
def test_a_key_is_a_plain_name(tmp_path, key_id):
    with pytest.raises(SecretMissing, match="is no name of a key"):
        check_keys(str(tmp_path), [key_id])


def test_made_keys_fit_differ_and_are_never_replaced(tmp_path):
    directory = str(tmp_path / "secrets")
    assert make_key_files(directory, ["id1", "c1"]) == ["id1", "c1"]
    first = (tmp_path / "secrets" / "id1.key").read_text()
    assert make_key_files(directory, ["id1", "c1", "c2"]) == ["c2"]
    check_keys(directory, ["id1", "c1", "c2"])
    assert (tmp_path / "secrets" / "id1.key").read_text() == first
    assert len({load_key(directory, key_id) for key_id in ("id1", "c1", "c2")}) == 3
    assert (tmp_path / "secrets" / "c2.key").stat().st_mode & 0o777 == 0o600
