"""What is decided without a database: where a chat may go, and how its transcript reads."""
