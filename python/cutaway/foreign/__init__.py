"""Models of other people's go in, objects and files; arrays come out."""
