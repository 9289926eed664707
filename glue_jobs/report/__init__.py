"""The managers' report: figures from questions and tables, made into one page without network.

`figures` asks, `sections` says it in tables and charts, `page` and `summary` write it down.
"""
