"""The page: arrays of a whole run go in, one HTML file that needs no network comes out."""
