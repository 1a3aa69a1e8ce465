"""The lake's small files, such as those of Delta's logs, where Spark does not read them."""

from __future__ import annotations

import os

from pyarrow import fs


class StoredFiles:
    """Small files below a root, on this machine or in an object store that delta-rs knows."""

    def __init__(self, system: fs.FileSystem, root: str) -> None:
        self._system, self._root = system, root

    def _at(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/") if self._root else path

    def exists(self, path: str) -> bool:
        """Whether something lies at the path."""
        return bool(self._system.get_file_info(self._at(path)).type != fs.FileType.NotFound)

    def names(self, path: str) -> list[str]:
        """Names in the folder, sorted; none if it does not exist."""
        listed = self._system.get_file_info(fs.FileSelector(self._at(path), allow_not_found=True))
        return sorted(info.base_name for info in listed)

    def text(self, path: str) -> str:
        """Content of a small UTF-8 file."""
        with self._system.open_input_stream(self._at(path)) as stream:
            return bytes(stream.read()).decode("utf-8")


class LocalFiles:
    """Small files on this machine."""

    def exists(self, path: str) -> bool:
        """Whether something lies at the path."""
        return os.path.exists(path)

    def names(self, path: str) -> list[str]:
        """Names in the folder, sorted; none if it does not exist."""
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def text(self, path: str) -> str:
        """Content of a small UTF-8 file."""
        with open(path, encoding="utf-8") as file:
            return file.read()
