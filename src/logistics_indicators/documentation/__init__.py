"""The OpenAPI document and the pages that show it. May import loads, rollup (for the words of what they declare)."""
