"""The judge's process on mini-racer: V8 in a wheel, no Node, no browser.

Run as `python -m naiad.mermaid.judge_worker BUNDLE HEAP_LIMIT_BYTES`; speaks the protocol of
isolation.py. Its twin for Node is judge_worker.cjs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from py_mini_racer import JSOOMException, MiniRacer

from naiad.mermaid.isolation import LastAnswer, Message, serve


def main(bundle: Path, heap_limit_bytes: int) -> None:
    """Load the bundle and answer {"source": text} with what its check() finds.

    With "structure": true beside the source, the answer holds the facts of the drawing too.
    """
    engine = MiniRacer()
    engine.eval(bundle.read_text(encoding="utf-8"))
    engine.set_hard_memory_limit(heap_limit_bytes)

    def judge(request: Message) -> Message:
        # JSON is JavaScript, and ASCII JSON survives any text, lone surrogates included.
        try:
            options = json.dumps({"structure": request.get("structure", False)})
            engine.eval(f"naiad.check({json.dumps(request['source'])}, {options})")
            answer = engine.eval("naiad.answer")
        except JSOOMException as error:
            raise LastAnswer({"out_of_memory": True}) from error
        if not isinstance(answer, str):
            # The promises were cut off: V8 ends them without an exception.
            raise LastAnswer({"out_of_memory": engine.was_hard_memory_limit_reached()})
        found: Message = json.loads(answer)
        return found

    serve(judge, {"versions": json.loads(str(engine.eval("JSON.stringify(naiad.versions)")))})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
