#!/bin/bash
# One run of an SDK's own test suite. See docs/sdk-suites.md.
# Usage: PYTHON=venv/bin/python run.sh SUITE_DIRECTORY none|classes|track RESULT.txt [arguments for pytest]
set -u
here=$(cd "$(dirname "$0")" && pwd)
suite=$1 mode=$2 result=$(realpath -m "$3"); shift 3
python=$(realpath -s "$PYTHON")
cd "$suite" || exit 1
plugins=(-p swap_clients)
[ -f tests/_alias_httpx.py ] && plugins+=(-p tests._alias_httpx)
SWAP=$mode PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here:$here/../.. \
  "$python" -m pytest "${plugins[@]}" -q -rA --show-capture=no --tb=short -p no:cacheprovider -o addopts= "$@" >"$result" 2>&1
tail -1 "$result"; grep '^llmtrack:' "$result"
