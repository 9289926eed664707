"""What exists on AWS: table keys, streams and, later, the template and the contact flows."""
