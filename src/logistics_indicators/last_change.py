"""Which load changed a row of customers or services last: the column updated_by_load, which an undo asks.

Null: nobody changed the row since it was inserted. Whoever changes a row's values says so there.
"""

BY_HAND = 0
"""Instead of a load's id: the row was changed by hand."""
