"""Around the service: the embedded PostgreSQL, migrations, backups, secrets, logs, start and stop.

May import no other folder.
"""
