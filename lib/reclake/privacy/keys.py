"""Keys come from files of mode 0600 in a mounted folder and are read where they are used: on the worker.

There is no default key. Only the folder's path and the key's name travel in a plan.
"""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from reclake.errors import SecretMissing

MIN_BYTES = 32
_KEY_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HEX = re.compile(r"([0-9a-fA-F]{2})+")


def _file_of(directory: str, key_id: str) -> Path:
    if not _KEY_ID.fullmatch(key_id):
        raise SecretMissing("a key cannot be read", f"{key_id!r} is no name of a key", "name it with a-z, 0-9 and _")
    return Path(directory) / f"{key_id}.key"


def _decoded(text: str) -> bytes:
    """The key's bytes; hex is tried first, as a hex text would pass as base64 too, and so for more bytes than it has."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _open_to_others(path: Path) -> str | None:
    """Why a file cannot hold a secret, if so; raises what the file system does."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        return "is not a file"
    return f"can be used by others than its owner (mode {stat.S_IMODE(mode):04o})" if mode & 0o077 else None


def _problem(path: Path) -> str | None:
    """What is wrong with a key file, without a word of its content."""
    try:
        if problem := _open_to_others(path):
            return problem
        n_bytes = len(_decoded(path.read_text(encoding="ascii").strip()))
    except FileNotFoundError:
        return "does not exist"
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read ({type(error).__name__})"
    return None if n_bytes >= MIN_BYTES else f"holds no hex or base64 text of at least {MIN_BYTES} bytes"


def check_keys(directory: str, key_ids: Iterable[str]) -> None:
    """Stop the start when a key is absent, too short or readable by others; names all of them at once.

    Raises
    ------
    SecretMissing
        With the names of the key files, never their content.
    """
    paths = [_file_of(directory, key_id) for key_id in key_ids]
    if found := [f"{path.name} {problem}" for path in paths if (problem := _problem(path))]:
        raise SecretMissing(
            f"{len(found)} of {len(paths)} keys cannot be used",
            found=f"in {directory}: {'; '.join(found)}",
            next_step=f"mount each as <name>.key with mode 0600: hex or base64 text of {MIN_BYTES} random bytes or more",
        )


@lru_cache(maxsize=16)
def load_key(directory: str, key_id: str) -> bytes:
    """The key's bytes, at least 32; called on the worker and kept for the life of its process.

    Raises
    ------
    SecretMissing
        When there is no such key, it is too short, or others can read it.
    """
    check_keys(directory, [key_id])
    return _decoded(_file_of(directory, key_id).read_text(encoding="ascii").strip())


def secret_text(directory: str, name: str, *, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret that is no key, such as an address or a login: of RECLAKE_<NAME>, else of the file; None if neither is there.

    Raises
    ------
    SecretMissing
        When others can read the file.
    """
    found = (os.environ if environment is None else environment).get(f"RECLAKE_{name.upper()}")
    path = _file_of(directory, name)
    if found or not path.exists():
        return found or None
    if problem := _open_to_others(path):
        raise SecretMissing(f"secret {name} cannot be used", f"{path.name} {problem}", "give it mode 0600")
    return path.read_text(encoding="utf-8").strip() or None


def make_key_files(directory: str, key_ids: Iterable[str]) -> list[str]:
    """Make the keys that do not exist yet, of 32 random bytes each; returns their names. For the demo and tests.

    An existing key is never replaced: pseudonyms made with it could not be joined again.
    """
    folder = Path(directory)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for key_id in key_ids:
        try:
            handle = os.open(_file_of(directory, key_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(MIN_BYTES) + "\n")
        made.append(key_id)
    return made
