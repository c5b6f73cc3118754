"""What an address may look like, and what an area on the map may."""
