"""Files of rows: CSV, JSON Lines and Parquet, read and written in pieces that fit into memory. No Keras here."""
