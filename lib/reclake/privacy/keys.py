"""Keys come from files of mode 0600 in a mounted folder and are read where they are used: on the worker.

There is no default key. Only the folder's path and the key's name travel in a plan.
"""

import base64
import binascii
import math
import os
import re
import secrets
import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from reclake.errors import SecretMissing

MIN_BYTES = 32
MIN_BITS = 100  # by the shares of a key's own bytes; 32 drawn ones have about 157, fewer than 110 once in 10^12 files
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


def _unfit_place(path: Path) -> str | None:
    """Why a file, or a folder on the way to it, cannot hold a secret, if so; raises what the file system does.

    A link may lead to a file of its own folder, as those of a mounted secret of Kubernetes do, and nowhere else. Root's files
    fit like one's own, as root reads and replaces everything anyway.
    """
    folder, target = path.parent.resolve(strict=True), path.resolve(strict=True)
    if not target.is_relative_to(folder):
        return "is a link that leads out of its folder"
    status = target.stat()
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if status.st_uid not in _trusted():
        return "belongs to another user"
    if status.st_mode & 0o077:
        return f"can be used by others than its owner (mode {stat.S_IMODE(status.st_mode):04o})"
    on_the_way = (one for one in target.parents if one.is_relative_to(folder))
    return next((f"lies in a folder {problem}" for one in on_the_way if (problem := _unfit_folder(one))), None)


def _unfit_folder(folder: Path) -> str | None:
    """Why others could put a file of theirs into the place of a key; with the sticky bit they cannot."""
    status = folder.stat()
    if status.st_uid not in _trusted():
        return "of another user"
    mode = stat.S_IMODE(status.st_mode)
    is_open = mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX
    return f"that others can write (mode {mode:04o})" if is_open else None


def _trusted() -> tuple[int, int]:
    return (os.geteuid(), 0)


def is_guessable(key: bytes) -> bool:
    """Whether nobody drew the bytes: too few different ones, a part again and again, rows of numbers, or a text that was typed.

    Of 32 drawn bytes about one file in 10^9 is taken for such. A text is a key all the same if it is hex or base64 of drawn bytes:
    then somebody has encoded them twice.

    Examples
    --------
    >>> is_guessable(bytes(32)), is_guessable(b"passwordpasswordpasswordpassword"), is_guessable(bytes(range(32)))
    (True, True, True)
    >>> is_guessable(b"correct horse battery staple 2026"), is_guessable(secrets.token_hex(32).encode())
    (True, False)
    >>> is_guessable(secrets.token_bytes(32))
    False
    """
    shares = [n / len(key) for n in Counter(key).values()]
    n_bits = -len(key) * sum(share * math.log2(share) for share in shares)
    is_repeated = any(key[n:] == key[:-n] for n in range(1, len(key) // 2 + 1))
    if n_bits < MIN_BITS or is_repeated:
        return True
    if (text := _text_of(key)) is None:
        return _is_of_rows(key) or _is_of_one_case(key)
    encoded = _decoded(text)
    return len(encoded) < MIN_BYTES or is_guessable(encoded)


def _text_of(key: bytes) -> str | None:
    """The text without its line ends, if the bytes are one in any script, which 32 drawn ones are once in 10^11 files."""
    try:
        text = key.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "".join(text.splitlines()) if "".join(text.split()).isprintable() else None


def _is_of_rows(key: bytes) -> bool:
    """Whether a quarter of the bytes continue a row, such as 1, 2, 3; or every second byte does, as in UTF-16 and two rows mixed."""
    for step in (1, 2):
        rows = zip(key, key[step:], key[2 * step :], strict=False)
        n_continued = sum((third - second - second + first) % 256 == 0 for first, second, third in rows)
        if n_continued >= (len(key) - 2 * step) / 4:
            return True
    return False


def _is_of_one_case(key: bytes) -> bool:
    """Whether its base64 text has no capital or no small letter: then words were typed into the file that are base64 by chance."""
    letters = re.sub("[^A-Za-z]", "", base64.b64encode(key).decode("ascii"))
    return letters in (letters.lower(), letters.upper())


def _problem(path: Path) -> str | None:
    """What is wrong with a key file, without a word of its content."""
    try:
        if problem := _unfit_place(path):
            return problem
        n_bytes = len(_decoded(path.read_text(encoding="ascii").strip()))
    except FileNotFoundError:
        return "does not exist"
    except (OSError, RuntimeError, UnicodeDecodeError) as error:  # RuntimeError: links in a circle
        return f"cannot be read ({type(error).__name__})"
    return None if n_bytes >= MIN_BYTES else f"holds no hex or base64 text of at least {MIN_BYTES} bytes"


def _usable(paths: Sequence[Path]) -> list[bytes]:
    """The keys of the files, in order."""
    _require_none([f"{path.name} {problem}" for path in paths if (problem := _problem(path))], paths)
    return [_decoded(path.read_text(encoding="ascii").strip()) for path in paths]


def _require_none(problems: Sequence[str], paths: Sequence[Path]) -> None:
    if problems:
        raise SecretMissing(
            f"{len(problems)} of {len(paths)} keys cannot be used",
            found=f"in {paths[0].parent}: {'; '.join(problems)}",
            next_step="mount each as a file <name>.key of the user who runs, mode 0600, in a folder that nobody else can write: hex "
            f"or base64 text of {MIN_BYTES} random bytes or more, drawn for it alone (docs/operations.md)",
        )


def check_keys(directory: str, key_ids: Iterable[str]) -> None:
    """Stop the start when a key is absent, short, guessable, twice there, or within the reach of others; names all at once.

    Raises
    ------
    SecretMissing
        With the names of the key files, never their content.
    """
    paths = [_file_of(directory, key_id) for key_id in key_ids]
    holders: dict[bytes, str] = {}
    problems = []
    for path, key in zip(paths, _usable(paths), strict=True):
        if is_guessable(key):
            problems.append(
                f"{path.name} holds bytes that nobody drew: a text such as a password, a repetition, or rows of numbers"
            )
        # Whoever is given a key for one use would have the other.
        elif (first := holders.setdefault(key, path.name)) != path.name or paths.count(path) > 1:
            problems.append(f"{path.name} holds the same key as {first}")
    _require_none(problems, paths)


@lru_cache(maxsize=16)
def load_key(directory: str, key_id: str) -> bytes:
    """The key's bytes, at least 32; called on the worker and kept for the life of its process.

    What the run's start has judged (`check_keys`) is not judged again, but for the place, which is another on each machine.

    Raises
    ------
    SecretMissing
        When there is no such key, it is too short, or others can read or replace it.
    """
    (key,) = _usable([_file_of(directory, key_id)])
    return key


def secret_text(directory: str, name: str, *, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret that is no key, such as an address or a login: of RECLAKE_<NAME>, else of the file; None if neither is there.

    Raises
    ------
    SecretMissing
        When others can read or replace the file.
    """
    found = (os.environ if environment is None else environment).get(f"RECLAKE_{name.upper()}")
    path = _file_of(directory, name)
    if found or not path.exists():
        return found or None
    if problem := _unfit_place(path):
        raise SecretMissing(
            f"secret {name} cannot be used", f"{path.name} {problem}", "give it mode 0600, in a folder that nobody else can write"
        )
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
