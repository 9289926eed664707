"""The edge: bytes become landed records or rejects; the simulator; the Kinesis producer and poller."""
