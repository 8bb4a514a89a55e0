"""`naiad validate`."""


def validate() -> None: ...
