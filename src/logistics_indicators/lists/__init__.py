"""The list of a thing: what may be asked of it, its filters as SQL, a page of its rows in some order.

May import http.
"""
