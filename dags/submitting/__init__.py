"""What the DAGs share. Own DAGs beside them take from here what waits for a table (`asset_of`) and what runs a job."""

from submitting.environment import START
from submitting.jobs import SubmitJob
from submitting.published import asset_of

__all__ = ["START", "SubmitJob", "asset_of"]
