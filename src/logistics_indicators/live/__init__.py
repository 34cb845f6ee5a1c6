"""What changes, told as it changes, in one stream for each page. May import accounts, loads, rollup."""
