"""What the command line does, over HTTP or inside this process. May import everything but commands and cli."""
