"""Who does it when: claims, turns, ends, and what is swept away."""
