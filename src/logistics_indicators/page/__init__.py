"""The control room at `/`: static ES modules over the API, and the route that serves them.

May import http.
"""
