"""Queueing methods over the lake's tables: scores, bottlenecks, plans."""
