"""SQL of what is told to track and trace; one file each."""
