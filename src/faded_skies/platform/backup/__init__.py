"""One file with the whole shop: every table, and the files that its rows name (docs/adr/0036)."""
