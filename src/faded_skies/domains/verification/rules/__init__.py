"""What a licence's barcode says, and whether it is this person's. Pure: the day is a value."""
