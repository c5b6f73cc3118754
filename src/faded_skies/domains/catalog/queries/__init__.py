"""SQL of the catalogue: what is sold, and what staff keeps."""
