"""The precomputed sums of the visits: plain tables, appended to by every writer and merged in the background.

May import no other folder.
"""
