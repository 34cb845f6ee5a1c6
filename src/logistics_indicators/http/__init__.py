"""What holds for every request and answer: limits, headers, fields, the shape of errors. May import no other folder."""
