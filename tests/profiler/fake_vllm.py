"""A small program that stands in for vLLM's executable and fails in the way it is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

_SCRIPT = """#!{python}
import http.server, json, os, pathlib, sys, threading
mode = {mode!r}
model = pathlib.Path(sys.argv[2])
(model / "seen.json").write_text(json.dumps({{"pid": os.getpid(), "arguments": sys.argv[1:], "env": dict(os.environ)}}))
if mode == "exits":
    sys.exit("vllm: error: unrecognized arguments: --nonsense")
if mode == "does not fit":
    print("(Worker pid=7) ERROR 11-22 14:27:37 [core.py:1512] Traceback (most recent call last):")
    print("(Worker pid=7) ERROR 11-22 14:27:37 [core.py:1512]     raise ValueError('No available memory ...')")
    print("(Worker pid=7) ERROR 11-22 14:27:37 [core.py:1512] ValueError: No available memory for the cache blocks.")
    print("RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): dict()")
    sys.exit(1)
if mode == "hangs":
    print("INFO 11-22 14:27:37 [x.py:1] Loading weights", flush=True)
    threading.Event().wait()
print("INFO 11-22 14:27:37 [a.py:1] Model loading took 1.25 GiB memory and 2.0 seconds")
print("INFO 11-22 14:27:37 [a.py:1] Explicitly set (2.0/23.54) GiB for KV cache on node 0.")
print("INFO 11-22 14:27:37 [a.py:1] CPU KV cache size: 8,192 tokens, Maximum concurrency ...", flush=True)
healthy = True

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, content):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path == "/version":
            self.reply(200, b'{{"version": "0.32.0"}}')
        elif self.path == "/metrics":
            info = 'vllm:cache_config_info{{block_size="128",num_gpu_blocks="64"}} 1.0'
            self.reply(200, (info + "\\nvllm:kv_cache_usage_perc{{engine=\\"0\\"}} 0.25\\n").encode())
        else:
            self.reply(200 if healthy else 503, b"")

    def do_POST(self):
        global healthy
        self.rfile.read(int(self.headers["Content-Length"]))
        if mode == "dies":
            print("ERROR 11-22 14:27:37 [core.py:1] torch.OutOfMemoryError: CUDA out of memory. Tried", flush=True)
            os._exit(1)
        healthy = mode != "core dies"
        self.reply(200, b"data: [DONE]\\n\\n")

port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def fake_vllm(folder: Path, mode: str = "serves") -> Path:
    """Write the program: ``serves``, ``exits``, ``does not fit``, ``hangs``, ``dies`` or ``core dies``."""
    program = folder / "vllm"
    program.write_text(_SCRIPT.format(python=sys.executable, mode=mode))
    program.chmod(0o755)
    return program


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with only a config.json."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"vocab_size": 500}))
    return folder
