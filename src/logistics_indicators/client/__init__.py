"""What the command line does beside serving, over HTTP or inside this process. May import everything but cli."""
