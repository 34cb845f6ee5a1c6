"""Files that are no CSV to records of CSV, in a process of its own, which may do next to nothing else.

Imports nothing of ours but priority and texts: the process starts in a moment and is small.
"""
