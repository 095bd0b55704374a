"""Jobs: a recipe and data go in; a run of the command line and its folder of files come out."""
