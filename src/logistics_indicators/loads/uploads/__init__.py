"""Uploads that go on where they stopped, by tus 1.0: their parts wait in the database, and become a load at the end."""
