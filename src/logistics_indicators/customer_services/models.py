"""What a service (a visit to a customer) looks like on the wire, and the bounds of its fields."""

ANGEL_MAX = 200
POLO_MAX = 200
