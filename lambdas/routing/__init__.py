"""Answers a contact flow: which agents should take this contact, best first."""
