"""CSV, JSON Lines and Parquet files of any size: read, extended by columns, and written in chunks. Needs no Keras."""
