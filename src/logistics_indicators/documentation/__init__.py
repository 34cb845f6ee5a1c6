"""The OpenAPI document and the pages that show it. May import no other folder."""
