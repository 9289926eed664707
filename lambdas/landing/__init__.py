"""Lands Kinesis records in the lake's raw zone."""
