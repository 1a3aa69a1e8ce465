import base64
import hashlib
import os
import random

import pytest

from reclake.errors import SecretMissing
from reclake.privacy import keys
from reclake.privacy.keys import check_keys, is_guessable, load_key, make_key_files, secret_text

KEY = hashlib.sha256(b"of nobody's data").digest()
OTHER = hashlib.sha256(b"another").digest()


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


def refused(directory, *key_ids):
    with pytest.raises(SecretMissing) as stopped:
        check_keys(str(directory), key_ids)
    return str(stopped.value)


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        bytes([255] * 64),
        b"0123456789abcdef" * 2,
        b"passwordpasswordpasswordpassword",
        bytes(range(32)),
        bytes(range(64, 0, -2)),
        (OTHER[:8] * 4),
        b"change me change me change me change me",
        b"correct horse battery staple 2026",
        b"correct horse battery staple 2026\n",
        b"correct horse\nbattery staple\nof the year 2026\n",
        b"ThisIsMyVerySecretPassword123456",
        b"qwertyuiopasdfghjklzxcvbnm123456",
        b"Password123Password123Password123Password123",
        "ein Geheimnis für die Schlüssel von übermorgen".encode(),
        "我们的密钥是一句很长的话谁也猜不到它".encode(),
        "correct horse battery staple of 2026".encode("utf-16-le"),
        base64.b64encode(b"correct horse battery staple 2026"),
        base64.b64encode(base64.b64encode(b"correct horse battery staple 2026\n")),
        b"correct horse battery staple 2026".hex().encode(),
        base64.b64decode("correcthorsebatterystaple2026correcthorse123"),
        base64.b64decode("CORRECTHORSEBATTERYSTAPLE2026CORRECTHORSE123"),
        bytes(range(31)) + b"\0",
        bytes(range(16)) + bytes(range(100, 116)),
        bytes(range(0, 160, 10)) + bytes(range(255, 207, -3)),
        b"".join(bytes(range(start, start + 8)) for start in (7, 90, 41, 200)),
        b"".join(bytes([n, 200 - 3 * n]) for n in range(16)),
    ],
)
def test_bytes_that_nobody_drew_are_refused_at_the_start(tmp_path, key):
    text = refused(written(tmp_path, key.hex()), "id1")
    assert "1 of 1 keys" in text
    assert "id1.key holds bytes that nobody drew" in text
    assert key.hex() not in text


def test_drawn_bytes_are_never_refused():
    """Ten thousand keys of a seed, as bytes and as their own hex or base64 text, which is what some tools encode twice."""
    rng = random.Random(5)
    drawn = [rng.randbytes(32) for _ in range(10_000)]
    as_files = (bytes, lambda key: key.hex().encode(), lambda key: key.hex().upper().encode() + b"\r\n",
                base64.b64encode, lambda key: base64.b64encode(key) + b"\n")  # fmt: skip
    assert not [key for key in drawn for written_as in as_files if is_guessable(written_as(key))]


def test_a_drawn_key_that_only_begins_or_ends_with_a_short_row_is_taken():
    assert not is_guessable(bytes(range(6)) + KEY[6:])
    assert not is_guessable(KEY[:26] + b"abcdef")


def test_one_key_for_both_uses_is_refused(tmp_path):
    written(tmp_path, KEY.hex())
    directory = written(tmp_path, base64.b64encode(KEY).decode(), key_id="c1")
    assert "c1.key holds the same key as id1.key" in refused(directory, "id1", "c1")
    assert "id1.key holds the same key as id1.key" in refused(directory, "id1", "id1")
    check_keys(written(tmp_path, OTHER.hex(), key_id="c1"), ["id1", "c1"])


@pytest.mark.parametrize(
    ("mode", "fits"), [(0o700, True), (0o755, True), (0o1777, True), (0o777, False), (0o775, False), (0o702, False)]
)
def test_a_folder_that_others_can_write_is_refused(tmp_path, mode, fits):
    """Whoever writes it replaces the key. With the sticky bit, as Kubernetes mounts secrets, he cannot."""
    directory = written(tmp_path, KEY.hex())
    tmp_path.chmod(mode)
    if fits:
        check_keys(directory, ["id1"])
    else:
        assert f"id1.key lies in a folder that others can write (mode {mode:04o})" in refused(directory, "id1")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_refused(tmp_path, monkeypatch, what):
    """As if another user ran: root's own files fit everybody, who could not read them otherwise."""
    directory = written(tmp_path, KEY.hex())
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(keys, "_trusted", lambda: (owner, 0))
    check_keys(directory, ["id1"])
    if os.geteuid() == 0:
        os.chown(tmp_path / "id1.key" if what == "file" else tmp_path, 12345, -1)
    else:
        monkeypatch.setattr(keys, "_trusted", lambda: (owner + 1, 0))
    told = {"file": "id1.key belongs to another user", "folder": "id1.key lies in a folder of another user"}[what]
    assert (told if os.geteuid() == 0 else "of another user" if what == "folder" else "another user") in refused(directory, "id1")


def test_a_link_leads_no_further_than_its_folder(tmp_path):
    """As Kubernetes mounts a secret: id1.key -> ..data/id1.key, ..data -> ..2026_03_01."""
    mount, elsewhere = tmp_path / "mount", tmp_path / "elsewhere"
    for folder in (mount, elsewhere, mount / "..2026_03_01"):
        folder.mkdir(mode=0o755)
    written(mount / "..2026_03_01", KEY.hex(), mode=0o400)
    (mount / "..data").symlink_to("..2026_03_01")
    (mount / "id1.key").symlink_to("..data/id1.key")
    check_keys(str(mount), ["id1"])
    assert load_key(str(mount), "id1") == KEY
    (mount / "..2026_03_01").chmod(0o777)
    assert "id1.key lies in a folder that others can write" in refused(mount, "id1")
    written(elsewhere, OTHER.hex(), key_id="c1")
    (mount / "c1.key").symlink_to(elsewhere / "c1.key")
    assert "c1.key is a link that leads out of its folder" in refused(mount, "c1")
    (mount / "c2.key").symlink_to("c2.key")
    assert "c2.key cannot be read" in refused(mount, "c2")
    (mount / "c3.key").symlink_to("nothing")
    assert "c3.key does not exist" in refused(mount, "c3")


def test_a_folder_may_be_named_by_a_link(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)
    written(tmp_path / "keys", KEY.hex())
    (tmp_path / "named").symlink_to("keys")
    assert load_key(str(tmp_path / "named"), "id1") == KEY


def test_an_address_is_kept_like_a_key(tmp_path):
    written(tmp_path, "https://example.org/hook\n", key_id="alert_webhook")
    assert secret_text(str(tmp_path), "alert_webhook", environment={}) == "https://example.org/hook"
    tmp_path.chmod(0o777)
    with pytest.raises(SecretMissing, match="that others can write"):
        secret_text(str(tmp_path), "alert_webhook", environment={})
    tmp_path.chmod(0o700)
    (tmp_path / "alert_mail.key").symlink_to("/etc/hostname")
    with pytest.raises(SecretMissing, match="leads out of its folder"):
        secret_text(str(tmp_path), "alert_mail", environment={})
