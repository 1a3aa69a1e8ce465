"""The files of a model: its parts as Parquet. Reading them runs no code, so there is nothing to trust but digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from json import dumps, loads
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.errors import LakeDamaged
from reclake.recommend.interface import FittedRecommender, Part, Recommender

_KEPT = "kept_customers"  # the tag that stands above the others once customers have left
_SINCE = "withdrawn_since"
_NEXT = "roll back to another version, or train again"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """What the files of one part must hold."""

    part: Part
    folder: str
    n_rows: int
    digest: str

    def as_tags(self) -> dict[str, Any]:
        """Number of rows and digest under the part's name."""
        return {f"n_{self.part.name}": self.n_rows, f"{self.part.name}_digest": self.digest}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a version's files must hold; kept in the registry beside it."""

    cut: date
    facts: Mapping[str, int]  # whole numbers of the model's own
    parts: tuple[StoredPart, ...]
    withdrawn_since: date | None = None  # when the first customer left who withdrew

    def as_tags(self) -> dict[str, str]:
        """As tags of a model version that was just written."""
        counted = {name: value for stored in self.parts for name, value in stored.as_tags().items()}
        return {name: str(value) for name, value in {"cut": self.cut, **self.facts, **counted}.items()}

    def kept_tag(self) -> tuple[str, str]:
        """Name and value of the one tag that says which customers are left: one write, so that it is never half true."""
        kept: dict[str, Any] = {}
        for stored in self.parts:
            if stored.part.is_of_customers:
                kept |= {**stored.as_tags(), f"{stored.part.name}_folder": stored.folder}
        return _KEPT, dumps({**kept, _SINCE: self.withdrawn_since}, default=str)

    @classmethod
    def from_tags(cls, tags: Mapping[str, str], recommender: type[Recommender]) -> Signature:
        """From the tags of a model version.

        Raises
        ------
        LakeDamaged
            When a tag is missing: the version was not made by `write`.
        """
        of_parts = [name for part in recommender.parts for name in (f"n_{part.name}", f"{part.name}_digest")]
        if missing := [name for name in ("cut", *recommender.facts, *of_parts) if name not in tags]:
            raise LakeDamaged("the model version has no signature", f"no tags {missing}", _NEXT)
        kept: dict[str, Any] = loads(tags.get(_KEPT, "{}"))
        since = kept.get(_SINCE)
        return cls(
            cut=date.fromisoformat(tags["cut"]),
            facts={name: int(tags[name]) for name in recommender.facts},
            parts=tuple(_stored(part, {**tags, **kept}) for part in recommender.parts),
            withdrawn_since=since and date.fromisoformat(since),
        )


def _stored(part: Part, tags: Mapping[str, Any]) -> StoredPart:
    folder = tags.get(f"{part.name}_folder", part.folder)
    return StoredPart(part, folder, n_rows=int(tags[f"n_{part.name}"]), digest=tags[f"{part.name}_digest"])


@dataclass(frozen=True)
class StoredModel:
    """The files of one version below a folder, which driver and workers see."""

    spark: SparkSession
    folder: str
    recommender: type[Recommender]
    signature: Signature

    def customers(self) -> DataFrame:
        """customer_id, one row each, of whom any part holds a row."""
        of_parts = [self._rows(stored).select("customer_id") for stored in self._of_customers()]
        nobody = self.spark.createDataFrame([], "customer_id string")
        return reduce(lambda one, other: one.union(other).distinct(), of_parts) if of_parts else nobody

    def without(self, left: DataFrame, *, mark: str) -> Signature:
        """Write the parts of customers anew, beside those that lie there, without the customers of `left`; says what was written.

        Parameters
        ----------
        left
            customer_id of those who go.
        mark
            Ends the names of the new folders.
        """
        stored = {one.part.name: one for one in self.signature.parts}
        for one in self._of_customers():
            kept = self._rows(one).join(left, on="customer_id", how="left_anti")
            stored[one.part.name] = _write(kept, self.folder, one.part, f"{one.part.folder}_{mark}")
        return replace(self.signature, parts=tuple(stored.values()))

    def replaced_by(self, signature: Signature, names: Sequence[str]) -> list[str]:
        """Of the folders of these names those that hold rows of customers, and that the signature does not name."""
        current = {stored.folder for stored in signature.parts}
        prefixes = tuple(stored.part.folder for stored in self._of_customers())
        return [name for name in names if prefixes and name.startswith(prefixes) and name not in current]

    def require_sound(self) -> None:
        """Raise unless the files are there, have the declared columns, and hold what was written, all of it usable.

        Raises
        ------
        LakeDamaged
            Names the part that is missing or different.
        """
        for stored in self.signature.parts:
            frame = self._rows(stored)
            with _readable(stored.folder, self.folder):
                content = _content(frame, self.recommender.is_sound(stored.part, self.signature.facts))
            if content != (stored.n_rows, stored.n_rows, stored.digest):
                raise LakeDamaged(
                    f"{stored.folder} of the model are not what was registered",
                    f"{content[1]} usable of {content[0]} rows, {stored.n_rows} were registered, or other content",
                    _NEXT,
                )

    def read(self, *, version: str) -> FittedRecommender:
        """The model as it was fitted.

        Each time the files are compared with what was registered, as they may have been changed since the promotion.

        Raises
        ------
        LakeDamaged
            When files are missing, have other columns, or do not hold what was registered.
        """
        self.require_sound()
        return self.recommender.restored(
            {stored.part.name: self._rows(stored) for stored in self.signature.parts},
            self.signature.facts,
            {stored.part.name: stored.n_rows for stored in self.signature.parts},
            cut=self.signature.cut,
            version=version,
        )

    def _of_customers(self) -> list[StoredPart]:
        return [stored for stored in self.signature.parts if stored.part.is_of_customers]

    def _rows(self, stored: StoredPart) -> DataFrame:
        return _read(self.spark, self.folder, stored.folder, stored.part.schema)


def write(model: FittedRecommender, folder: str, recommender: type[Recommender]) -> Signature:
    """Write the parts of the model below `folder`, which driver and workers see, and say what was written."""
    rows = model.rows()
    # What is not of customers is small enough for the driver: one file.
    parts = ((part, rows[part.name] if part.is_of_customers else rows[part.name].coalesce(1)) for part in recommender.parts)
    stored = tuple(_write(frame, folder, part, part.folder) for part, frame in parts)
    return Signature(cut=model.cut, facts=model.facts(), parts=stored)


def _write(frame: DataFrame, folder: str, part: Part, name: str) -> StoredPart:
    frame.write.mode("overwrite").parquet(f"{folder}/{name}")
    n_rows, _, digest = _content(_read(frame.sparkSession, folder, name, part.schema), F.lit(True))
    return StoredPart(part, name, n_rows, digest)


@contextmanager
def _readable(name: str, folder: str) -> Iterator[None]:
    """Name the files that Spark cannot read."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise LakeDamaged(f"{name} of the model cannot be read", f"nothing usable at {folder}/{name}", _NEXT) from error


def _read(spark: SparkSession, folder: str, name: str, schema: str) -> DataFrame:
    with _readable(name, folder):
        frame = spark.read.parquet(f"{folder}/{name}")
    if frame.schema.simpleString() != schema:
        raise LakeDamaged(f"{name} of the model have other columns", frame.schema.simpleString(), f"expected {schema}; {_NEXT}")
    return frame


def _content(frame: DataFrame, is_sound: Column) -> tuple[int, int, str]:
    """Rows, those of them that are sound, and a digest of all rows in any order."""
    row = frame.agg(
        F.count("*").alias("n_rows"),
        F.count_if(is_sound).alias("n_sound"),
        F.sum(F.xxhash64(*frame.columns).cast("decimal(38,0)")).alias("digest"),
    ).first()
    return (row["n_rows"], row["n_sound"], str(row["digest"])) if row is not None else (0, 0, "")
