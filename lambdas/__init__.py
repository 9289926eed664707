"""What AWS Lambda runs: thin handlers over pure functions."""
