"""Who may do what: users, sign-in, sessions, tokens, roles, the audit log. May import http, lists."""
