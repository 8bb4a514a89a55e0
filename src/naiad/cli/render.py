"""`naiad render`."""


def render() -> None: ...
