"""The contact flows of an instance: made from one file, linted, and run without Amazon Connect."""
