"""The OpenAPI document and the pages that show it.

May import http, loads, rollup (the last two for the words of what they declare).
"""
