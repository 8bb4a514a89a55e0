"""Every error that Naiad raises on purpose.

NaiadError                      message (what, with which value) and hint (the next step)
├── InputError                  the request or a file of the user's is wrong
│   ├── PromptTooLong           more tokens than the model's window holds
│   ├── DatasetError            a row of a data file cannot be used; names file and line
│   │   └── ExampleTooLong      more tokens than training takes; it is never cut
│   ├── InvalidDiagram          a diagram that Mermaid refuses, where a valid one is needed
│   └── ConfigError             settings that contradict each other, all reported at once
├── ModelError
│   ├── ModelNotFound           no model of that name, here or in the catalog
│   ├── ModelUnavailable        the name is known, but no source could deliver it
│   └── ChecksumMismatch        the bytes that arrived are not the publisher's
├── AdapterError
│   ├── AdapterNotFound         the folder holds no PEFT adapter
│   └── AdapterMismatch         trained on another base model
├── EngineError                 the inference engine failed
├── JudgeUnavailable            the Mermaid parser could not be run: neither valid nor invalid
├── RendererUnavailable         the renderer could not be run at all
├── RenderFailed                the renderer refused, hung or died
├── TrainingError               a training run cannot start or go on
│   └── ProcessEnded            another process of the same training is gone
├── StorageError                disk full, no permission, a path that is not what it should be
└── MissingExtra                an optional part of the package is not installed

Library code raises these and prints nothing; the command line prints `message` and `hint`
on one line each, and a server maps the class to a status. Errors of other libraries are
translated once, where the call into that library is made.
"""

from __future__ import annotations


class NaiadError(Exception):
    """An error a user can act on: `message` says what happened, `hint` what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(NaiadError):
    """The request or a file of the user's is wrong."""


class PromptTooLong(InputError):
    """The prompt and the answer asked for do not fit the model's window."""


class DatasetError(InputError):
    """A row of a data file cannot be used; the message names file, line and reason."""


class ExampleTooLong(DatasetError):
    """An example has more tokens than training takes; it is refused, never cut."""


class InvalidDiagram(InputError):
    """A diagram that Mermaid refuses, where a valid one is needed."""


class ConfigError(InputError):
    """Settings that are out of range or contradict each other, all reported at once."""


class ModelError(NaiadError):
    """Something about a language model's files."""


class ModelNotFound(ModelError):
    """No model of that name, on this machine or in the catalog."""


class ModelUnavailable(ModelError):
    """The model is known, but none of its sources could deliver it."""


class ChecksumMismatch(ModelError):
    """The bytes that arrived are not the ones the publisher names."""


class AdapterError(NaiadError):
    """Something about a LoRA adapter."""


class AdapterNotFound(AdapterError):
    """The folder does not exist or holds no PEFT adapter."""


class AdapterMismatch(AdapterError):
    """The adapter was trained on another base model."""


class EngineError(NaiadError):
    """The inference engine failed."""


class JudgeUnavailable(NaiadError):
    """The Mermaid parser could not be run, so the diagram is neither valid nor invalid."""


class RendererUnavailable(NaiadError):
    """The renderer could not be run, so nothing is known about the diagram."""


class RenderFailed(NaiadError):
    """The renderer refused the diagram, ran out of time or died."""


class TrainingError(NaiadError):
    """A training run cannot start or go on."""


class ProcessEnded(TrainingError):
    """Another process of the same training is gone, so this one cannot go on."""


class StorageError(NaiadError):
    """Disk full, no permission, or a path that is not what it should be."""


class MissingExtra(NaiadError):
    """An optional part of the package is needed and not installed."""
