"""`naiad generate`."""


def generate() -> None: ...
