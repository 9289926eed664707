"""Answers a contact flow: who should take this contact?"""
