"""SQL of orders: what reads, what writes, changes to an order, what is held on a person."""
