"""From a request's bytes to a spooled file: bodies, archives, encodings, header, cuts."""
