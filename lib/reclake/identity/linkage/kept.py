"""Frames that several later steps read."""

from pyspark.sql import DataFrame


def computed_once(frame: DataFrame) -> DataFrame:
    """The same rows, computed now and kept on the executors until the frame is dropped; runs a Spark job.

    A lazy checkpoint would be computed after its plan is gone, and Spark would log an error for each measure of that plan.
    """
    return frame.localCheckpoint()
