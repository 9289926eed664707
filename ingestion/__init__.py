"""The edge: bytes become landed records or rejects; the simulator; Kinesis in and out."""
