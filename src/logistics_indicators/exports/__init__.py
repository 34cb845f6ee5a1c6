"""Rows as CSV, Excel or Parquet, in constant memory. May import accounts (whose export it is), lists, http."""
