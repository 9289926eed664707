"""Commits whose cost hardly grows with the number of those before them.

pyiceberg 0.12 keeps, of each file that was ever replaced, a manifest that names nothing but the
deletion, reads all manifests at each commit, and copies all that is known of the past some twenty
times: after 120 commits of a table the next took six times as long as after 20, after 320
nineteen times. What is left to grow is the list of snapshots, until `lake expire` shortens it.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

from pyiceberg.manifest import ManifestContent, ManifestFile
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Transaction
from pyiceberg.table.snapshots import MetadataLogEntry, Operation, Snapshot, SnapshotLogEntry
from pyiceberg.table.sorting import SortOrder
from pyiceberg.table.update.snapshot import _OverwriteFiles

MOST_SMALL = 20  # manifests that are not full; more are made one
FULL_BYTES = 8 * 2**20  # Iceberg's `commit.manifest.target-size-bytes`


def _itself(self: Any, _memo: Any = None) -> Any:
    return self


for _frozen in (Schema, PartitionSpec, SortOrder, Snapshot, SnapshotLogEntry, MetadataLogEntry):
    _frozen.__deepcopy__ = _itself  # type: ignore[method-assign, assignment]


class Swap(_OverwriteFiles):
    """Files taken out and put in by one snapshot; manifests without a live file are left out.

    Iceberg for Java leaves them out, too, and merges small ones (`ManifestFilterManager`,
    `ManifestMergeManager`).
    """

    def _existing_manifests(self) -> list[ManifestFile]:
        live = [each for each in super()._existing_manifests() if _is_live(each)]
        small, others = defaultdict[int, list[ManifestFile]](list), list[ManifestFile]()
        for each in live:
            found = small[each.partition_spec_id] if self._is_small(each) else others
            found.append(each)
        return [*others, *chain.from_iterable(map(self._joined, small.values()))]

    def _is_small(self, manifest: ManifestFile) -> bool:
        is_of_before = manifest.manifest_path not in self._written_manifests
        is_data = manifest.content == ManifestContent.DATA
        return is_of_before and is_data and manifest.manifest_length < FULL_BYTES

    def _joined(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        if len(manifests) <= MOST_SMALL:
            return manifests
        with self.new_manifest_writer(self.spec(manifests[0].partition_spec_id)) as writer:
            for each in manifests:
                for entry in each.fetch_manifest_entry(self._io, discard_deleted=True):
                    writer.existing(entry)
        return [writer.to_manifest_file()]


def swap(transaction: Transaction) -> Swap:
    """A snapshot of the transaction that takes files out and puts files in."""
    is_first = transaction.table_metadata.current_snapshot() is None
    kind = Operation.APPEND if is_first else Operation.OVERWRITE
    return Swap(kind, transaction, transaction._table.io)  # noqa: SLF001


def _is_live(manifest: ManifestFile) -> bool:
    return manifest.has_added_files() or manifest.has_existing_files()
