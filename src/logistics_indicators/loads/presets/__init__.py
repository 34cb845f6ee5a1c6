"""What is asked of the files of one sender, kept by an admin under a name, so that nobody writes it twice."""
