"""What is held on a person, taken out and erased, across domains (docs/privacy.md)."""
