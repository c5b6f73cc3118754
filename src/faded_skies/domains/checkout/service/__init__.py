"""From cart to paid order, one file a use case."""
