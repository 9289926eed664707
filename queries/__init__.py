"""Athena SQL, one question a file; parameters are documented in each file's header."""
