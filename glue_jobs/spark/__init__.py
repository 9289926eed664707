"""The engine that builds on Spark 3.5: the same functions, on many machines.

Spark shares out work and carries rows; it never looks into them. Executors read raw objects and
data files, run the transforms, and write the Parquet files; the driver sees counts and the
descriptions of files, and makes the one Iceberg commit of each table.
"""
