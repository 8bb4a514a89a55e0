@echo off
rem Fine-tune with the interpreter of .\venv, else of the environment that is active. All
rem arguments are passed on; each overrides the default below.
setlocal
set "HERE=%~dp0"
set "PYTHON="
if defined CONDA_PREFIX if exist "%CONDA_PREFIX%\python.exe" set "PYTHON=%CONDA_PREFIX%\python.exe"
if defined VIRTUAL_ENV if exist "%VIRTUAL_ENV%\Scripts\python.exe" set "PYTHON=%VIRTUAL_ENV%\Scripts\python.exe"
if exist "%HERE%venv\Scripts\python.exe" set "PYTHON=%HERE%venv\Scripts\python.exe"
if not defined PYTHON goto no_environment

"%PYTHON%" "%HERE%mermaid_finetune_cpu.py" --model_name_or_path Qwen/Qwen2.5-1.5B-Instruct --train_data_path "%HERE%..\gemini_fine_tune\dataset\training_data.jsonl" --output_dir "%HERE%mermaid_lora" --num_train_epochs 3 %*
exit /b %ERRORLEVEL%

:no_environment
echo error: no virtual environment: "%HERE%venv" does not exist and none is active 1>&2
echo   hint: in "%HERE%": python -m venv venv, activate it, pip install -r requirements.txt 1>&2
exit /b 2
