"""`python -m cutaway`, and the command `cutaway`: Ctrl-C is answered before anything else is imported."""

import os


def main() -> None:
    """Run the command line and exit."""
    try:
        import signal  # which takes milliseconds itself

        usual = signal.getsignal(signal.SIGINT)  # or it is to be ignored
        if usual is signal.default_int_handler:  # whose exception an import may swallow
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        from .cli.main import main as run

        signal.signal(signal.SIGINT, usual)
        try:
            run()
        except SystemExit as end:
            if end.code in (130, 143):  # at once: Python's own end takes 50 ms, and now and then
                os._exit(end.code)  # it is by the signal instead
            raise
    except KeyboardInterrupt:  # before anything has begun, or after all is done
        os._exit(130)


if __name__ == "__main__":
    main()
