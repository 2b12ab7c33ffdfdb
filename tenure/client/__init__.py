"""The client: facts, reads and activity over HTTP, and the one signal over Temporal."""

from tenure.client.imports import ImportProgress, ImportStage
from tenure.client.tenure import Tenure

__all__ = ["ImportProgress", "ImportStage", "Tenure"]
