"""From a socket to a request: how many connections, and what is answered before the app is asked.

May import monitoring (to log such an answer), http.
"""
