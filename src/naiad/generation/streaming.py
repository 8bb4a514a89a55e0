"""Tokens to text, piece by piece: whole characters only, and never a part of a stop text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TokenDecoder:
    """Turns token ids into text as they come. A character split over tokens waits for its end.

    [one token of "é", split in two] -> "" then "é"
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        # Text of a token depends on the one before it (leading spaces), so decoding starts at
        # the last emitted piece and not at the new token: constant work per token.
        self._context_start = 0
        self._emitted_end = 0

    def feed(self, token_id: int) -> str:
        """The text that `token_id` completes, maybe none."""
        self._ids.append(token_id)
        before = self._decode(self._ids[self._context_start : self._emitted_end])
        text = self._decode(self._ids[self._context_start :])
        if text.endswith(REPLACEMENT) or len(text) <= len(before):
            return ""
        self._context_start, self._emitted_end = self._emitted_end, len(self._ids)
        return text[len(before) :]


class StopFilter:
    """Passes text on until a stop text begins; what might become one is held back.

    stop=["```"], "a\\n``", "`b" -> "a\\n" then "" and found is True
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """The part of everything held back so far that can be shown now."""
        self._held += piece
        places = [at for text in self._stop if (at := self._held.find(text)) >= 0]
        if places:
            self.found = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        keep = max((self._overlap(text) for text in self._stop), default=0)
        shown, self._held = self._held[: len(self._held) - keep], self._held[-keep:] if keep else ""
        return shown

    def rest(self) -> str:
        """What is still held back when the text ends without a stop text."""
        held, self._held = self._held, ""
        return held

    def _overlap(self, stop: str) -> int:
        """Length of the longest beginning of `stop` that the held text ends with."""
        lengths = range(min(len(stop) - 1, len(self._held)), 0, -1)
        return next((n for n in lengths if self._held.endswith(stop[:n])), 0)
