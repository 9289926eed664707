"""The two things that an engine does, on Spark: merge a source, derive a step's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from glue_jobs.build import Progress
from glue_jobs.lake import Lake
from glue_jobs.merge import Merged
from glue_jobs.parsers import Parser
from glue_jobs.spark.deriving import learnt, recomputed
from glue_jobs.spark.merging import merged
from transforms.pipeline import Source, Step


class SparkEngine:
    """The engine on a Spark session; `glue_jobs.build.Engine` says what the two do.

    `session` is called when there is work: a build that finds nothing new starts no Spark.
    """

    def __init__(self, session: Callable[[], Any]) -> None:
        self._session = session

    @property
    def session(self) -> Any:
        """The Spark session."""
        return self._session()

    def merged(
        self,
        lake: Lake,
        source: Source,
        parser: Parser,
        keys: Sequence[str],
        run_id: str,
        progress: Progress,
    ) -> Merged:
        """Merge landed objects, all at once."""
        progress(source.kind, 0, len(keys))
        counts = merged(self.session, lake, source, parser, keys, run_id)
        progress(source.kind, len(keys), len(keys))
        return counts

    def derived(self, lake: Lake, step: Step, days: list[date]) -> list[date]:
        """Derive a step's table, all days at once."""
        return (recomputed if step.writes.is_daily else learnt)(self.session, lake, step, days)
