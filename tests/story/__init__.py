"""A story that uses every operation once, from the first account to the last undo. What is said in it is recorded, and
stands in the OpenAPI document as examples (documentation/examples.json)."""
