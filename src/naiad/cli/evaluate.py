"""`naiad evaluate`."""


def evaluate() -> None: ...
