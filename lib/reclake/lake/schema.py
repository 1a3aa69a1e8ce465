"""The one place where a declaration becomes a Spark schema."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructType

from reclake.errors import ContractBroken
from reclake.tables import Table


def spark_schema(table: Table) -> StructType:
    """The declared columns in order, with their meaning as comment; needs no Spark session."""
    schema = StructType()
    for field in table.fields:
        # Without a session StructType.add knows no array type by name.
        data_type = ArrayType(StringType()) if field.type == "array<string>" else field.type
        schema.add(field.name, data_type, metadata={"comment": field.doc})
    return schema


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """The declared columns, in declared order and type; what is not declared is left behind.

    Raises
    ------
    ContractBroken
        When a declared column is missing.
    """
    schema = spark_schema(table)
    if missing := [name for name in schema.names if name not in frame.columns]:
        raise ContractBroken(
            f"{table.name} lacks the columns {missing}",
            found=f"columns {frame.columns}",
            next_step="add them in its builder, or undeclare them",
        )
    return frame.select([F.col(f.name).cast(f.dataType).alias(f.name, metadata=f.metadata) for f in schema])
