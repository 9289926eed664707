"""Keeps what every agent is doing now, from the agent event stream."""
