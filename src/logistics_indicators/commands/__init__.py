"""What a person types: each command's name, options and help. It imports its work when it runs: help starts at once.

May import everything but cli.
"""
