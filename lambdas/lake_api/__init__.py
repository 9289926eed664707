"""The HTTP API that creates, describes and removes lakes."""
