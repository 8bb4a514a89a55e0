"""LoRA adapters: PEFT folders, their GGUF form, and the base model they fit."""

from naiad.lora.adapter import Adapter, check_fits, load_adapter
from naiad.lora.gguf_adapter import to_gguf
from naiad.lora.record import AdapterRecord

__all__ = ["Adapter", "AdapterRecord", "check_fits", "load_adapter", "to_gguf"]
