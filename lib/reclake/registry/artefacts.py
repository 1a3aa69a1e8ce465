"""The files of a model: its factors as Parquet. Reading them runs no code, so there is nothing to trust but digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from json import dumps, loads

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.errors import LakeDamaged
from reclake.recommend.als import FittedAls

CUSTOMERS, _CUSTOMERS_SCHEMA = "customer_factors", "struct<customer_id:string,factors:array<float>>"
_PRODUCTS, _PRODUCTS_SCHEMA = "product_factors", "struct<product_id:string,product_index:int,factors:array<float>>"
_OF_CUSTOMERS = ("n_customers", "customers_digest", "customers_folder", "withdrawn_since")
_WRITTEN = ("cut", "rank", "n_customers", "n_products", "customers_digest", "products_digest")
_KEPT = "kept_customers"  # the tag that stands above the others once customers have left
_NEXT = "roll back to another version, or train again"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a version's files must hold; kept in the registry beside it."""

    cut: date
    rank: int
    n_customers: int
    n_products: int
    customers_digest: str
    products_digest: str
    customers_folder: str = CUSTOMERS
    withdrawn_since: date | None = None  # when the first customer left who withdrew

    def as_tags(self) -> dict[str, str]:
        """As tags of a model version that was just written."""
        return {name: str(getattr(self, name)) for name in _WRITTEN}

    def kept_tag(self) -> tuple[str, str]:
        """Name and value of the one tag that says which customers are left: one write, so that it is never half true."""
        kept = {name: value for name, value in asdict(self).items() if name in _OF_CUSTOMERS}
        return _KEPT, dumps(kept, default=str)

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Signature:
        """From the tags of a model version.

        Raises
        ------
        LakeDamaged
            When a tag is missing: the version was not made by `write`.
        """
        if missing := [name for name in _WRITTEN if name not in tags]:
            raise LakeDamaged("the model version has no signature", f"no tags {missing}", _NEXT)
        written = cls(
            cut=date.fromisoformat(tags["cut"]),
            rank=int(tags["rank"]),
            n_customers=int(tags["n_customers"]),
            n_products=int(tags["n_products"]),
            customers_digest=tags["customers_digest"],
            products_digest=tags["products_digest"],
        )
        if _KEPT not in tags:
            return written
        kept = loads(tags[_KEPT])
        since = kept.pop("withdrawn_since")
        return replace(written, **kept, withdrawn_since=since and date.fromisoformat(since))


def write(model: FittedAls, folder: str) -> Signature:
    """Write the factors below `folder`, which driver and workers see, and say what was written."""
    spark = model.customer_factors.sparkSession
    rank = model.product_factors.shape[1]
    table = pa.table({
        "product_index": pa.array(np.arange(len(model.product_factors), dtype=np.int32)),
        "factors": pa.FixedSizeListArray.from_arrays(model.product_factors.ravel(), rank).cast(pa.list_(pa.float32())),
    })
    products = spark.createDataFrame(table).join(model.products, on="product_index", how="inner")
    model.customer_factors.select("customer_id", "factors").write.mode("overwrite").parquet(f"{folder}/{CUSTOMERS}")
    # One file: the catalogue is small enough for the driver.
    products.select("product_id", "product_index", "factors").coalesce(1).write.mode("overwrite").parquet(f"{folder}/{_PRODUCTS}")
    return Signature(
        cut=model.cut,
        rank=rank,
        n_customers=model.n_customers,
        n_products=len(model.product_factors),
        customers_digest=_digest(_read(spark, folder, CUSTOMERS, _CUSTOMERS_SCHEMA), rank)[1],
        products_digest=_digest(_read(spark, folder, _PRODUCTS, _PRODUCTS_SCHEMA), rank)[1],
    )


def customer_factors(spark: SparkSession, folder: str, signature: Signature) -> DataFrame:
    """The factors of customers as they lie there: customer_id, factors."""
    return _read(spark, folder, signature.customers_folder, _CUSTOMERS_SCHEMA)


def without(spark: SparkSession, folder: str, signature: Signature, left: DataFrame, *, name: str) -> Signature:
    """Write the factors of customers anew, beside those that lie there, without the customers of `left`; says what was written.

    Parameters
    ----------
    left
        customer_id of those who go.
    name
        Of the new folder below `folder`.
    """
    kept = customer_factors(spark, folder, signature).join(left, on="customer_id", how="left_anti")
    kept.select("customer_id", "factors").write.mode("overwrite").parquet(f"{folder}/{name}")
    written = _read(spark, folder, name, _CUSTOMERS_SCHEMA)
    n_customers, digest = _digest(written, signature.rank)
    return replace(signature, n_customers=n_customers, customers_digest=digest, customers_folder=name)


def require_sound(spark: SparkSession, folder: str, signature: Signature) -> None:
    """Raise unless the files are there, have the declared columns, and hold what was written, all of it finite.

    Raises
    ------
    LakeDamaged
        Names the file that is missing or different.
    """
    for part, schema, n, digest in (
        (signature.customers_folder, _CUSTOMERS_SCHEMA, signature.n_customers, signature.customers_digest),
        (_PRODUCTS, _PRODUCTS_SCHEMA, signature.n_products, signature.products_digest),
    ):
        frame = _read(spark, folder, part, schema)
        with _readable(part, folder):
            found = _digest(frame, signature.rank)
        if found != (n, digest):
            raise LakeDamaged(
                f"{part} of the model are not what was registered",
                f"{found[0]} sound vectors of rank {signature.rank}, {n} were registered, or other content",
                _NEXT,
            )


def read(spark: SparkSession, folder: str, signature: Signature, *, version: str) -> FittedAls:
    """The model as it was fitted; the product factors come to the driver, customers stay in their files.

    Each time the files are compared with what was registered, as they may have been changed since the promotion.

    Raises
    ------
    LakeDamaged
        When files are missing, have other columns, or do not hold what was registered.
    """
    require_sound(spark, folder, signature)
    customers, products = customer_factors(spark, folder, signature), _read(spark, folder, _PRODUCTS, _PRODUCTS_SCHEMA)
    table = products.toArrow().sort_by("product_index")
    return FittedAls(
        customer_factors=customers,
        products=products.select("product_id", "product_index"),
        product_factors=table["factors"].combine_chunks().flatten().to_numpy().reshape(signature.n_products, signature.rank),
        n_customers=signature.n_customers,
        cut=signature.cut,
        version=version,
    )


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


def _digest(frame: DataFrame, rank: int) -> tuple[int, str]:
    """Vectors that are finite and of the rank, and a digest of all rows in any order."""
    is_finite = F.forall("factors", lambda value: value.isNotNull() & ~F.isnan(value) & (F.abs(value) < F.lit(float("inf"))))
    is_sound = is_finite & (F.size("factors") == rank)
    row = frame.agg(
        F.count_if(is_sound).alias("n"), F.sum(F.xxhash64(*frame.columns).cast("decimal(38,0)")).alias("digest")
    ).first()
    return (row["n"], str(row["digest"])) if row is not None else (0, "")
