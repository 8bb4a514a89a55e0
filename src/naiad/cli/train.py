"""`naiad train`."""


def train() -> None: ...
