"""The command line: words go in, calls and exit codes come out."""
