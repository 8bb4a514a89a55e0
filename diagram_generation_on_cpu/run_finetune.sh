#!/usr/bin/env bash
# Fine-tune with the interpreter of ./venv (Linux, macOS, Git Bash on Windows), else of the
# environment that is active. All arguments are passed on; each overrides the default below.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

find_python() {
    local environment
    for environment in "$here/venv" "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}"; do
        [ -n "$environment" ] || continue
        local python
        for python in bin/python Scripts/python.exe python.exe; do
            if [ -x "$environment/$python" ]; then
                printf '%s\n' "$environment/$python"
                return 0
            fi
        done
    done
    return 1
}

if ! python=$(find_python); then
    echo "error: no virtual environment: $here/venv does not exist and none is active" >&2
    echo "  hint: cd \"$here\" && python -m venv venv, activate it, pip install -r requirements.txt" >&2
    exit 2
fi

exec "$python" "$here/mermaid_finetune_cpu.py" \
    --model_name_or_path Qwen/Qwen2.5-1.5B-Instruct \
    --train_data_path "$here/../gemini_fine_tune/dataset/training_data.jsonl" \
    --output_dir "$here/mermaid_lora" \
    --num_train_epochs 3 \
    "$@"
