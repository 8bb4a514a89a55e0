"""Qwen2 and Llama decoders for training LoRA adapters on a CPU, forward and backward by hand.

Rows are packed end to end and share their common beginning; frozen matrices are kept in
float32, bfloat16 or int8; the output head is computed only where an answer token is predicted.
Its modules import torch and numba at their heads, so import them late.
"""
