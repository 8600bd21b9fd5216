"""A language model run inside this process: llama.cpp serves a GGUF file on the loopback interface."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from qa.errors import ModelError
from qa.speaking.generator import ChatGenerator
from qa.speaking.packaged import INSTALL

_CONVERSATIONS = 2
"""Prompts that are worked on at once: with two, answering and rewriting each keep their own prefix cached."""

_CONTEXT_TOKENS = 4096
"""Of each conversation. A prompt has about 700 tokens, and at most some 3,000."""

_BATCH_TOKENS = 128
"""Prompt tokens read between two looks at whether the caller is still there."""


class LocalGenerator(ChatGenerator):
    """The model in a GGUF file, loaded into this process; `close` frees it.

    `threads` is how many compute; by default one a core. Raises `ModelError`.
    """

    def __init__(self, path: Path, *, name: str, timeout: float, threads: int | None = None) -> None:
        key = secrets.token_urlsafe()  # the port is open to every user of this machine
        self._server = _serve(path, key, threads)
        address = f"{self._server.listening_address}/v1"
        super().__init__(base_url=address, model=name, api_key=key, timeout=timeout, proxy=False)

    def close(self) -> None:
        """Stop the server and free the model; again does nothing."""
        super().close()
        self._server = None


def _serve(path: Path, key: str, threads: int | None) -> Any:
    """llama.cpp's server, which stops when nothing refers to it any more."""
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelError(f"Running a GGUF file needs llama.cpp: {INSTALL}.") from error
    if not path.is_file():
        raise ModelError(f"There is no model file {path}; correct QA_LLM_MODEL_PATH.")
    options = xllamacpp.CommonParams()
    options.model.path = str(path)
    options.api_keys = [key]
    options.n_parallel = _CONVERSATIONS
    options.n_ctx = _CONVERSATIONS * _CONTEXT_TOKENS
    options.n_batch = options.n_ubatch = _BATCH_TOKENS
    options.cache_ram_mib = 0  # the conversations' own caches are enough; by default it takes 8 GiB
    options.sse_ping_interval = -1  # pings would hide silence from the time limit
    options.ui = options.endpoint_slots = False
    options.cors_origins = ""
    options.verbosity = 0
    if threads is not None:
        options.cpuparams.n_threads = options.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(options)
    except RuntimeError as error:
        raise ModelError(f"{path} can't be loaded as a GGUF model; use one that llama.cpp reads.") from error
