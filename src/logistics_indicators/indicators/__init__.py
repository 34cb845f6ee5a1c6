"""What is asked about the visits. May import rollup, exports, accounts, lists, http."""
