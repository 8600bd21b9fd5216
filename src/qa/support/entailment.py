"""A model of entailment, where one is named: whether a premise says a sentence."""

from __future__ import annotations

import numpy as np

from qa.errors import ModelError


class EntailmentModel:
    """A cross-encoder that judges whether a premise entails a sentence, by sentence-transformers.

    `name` is a folder or a hub's name. Raises `ModelError` where it can't be loaded, or where none of its
    labels is called entailment. A model of one label is taken to give the probability of entailment.
    """

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model = CrossEncoder(name, device="cpu", model_kwargs={"use_safetensors": True})
        except (OSError, ValueError) as error:
            raise ModelError(
                f"QA_NLI_MODEL={name} can't be loaded; name a folder with a cross-encoder, or one of a hub."
            ) from error
        labels: dict[int, str] = self._model.config.id2label
        found = [number for number, label in labels.items() if label.lower().startswith("entail")]
        if len(labels) > 1 and not found:
            raise ModelError(f"QA_NLI_MODEL={name} has no label 'entailment', but {list(labels.values())}.")
        self._label = found[0] if len(labels) > 1 else None

    def entails(self, premise: str, sentence: str) -> float:
        """The probability that who believes `premise` must believe `sentence`."""
        pair = [(premise, sentence)]
        if self._label is None:
            return float(np.asarray(self._model.predict(pair, show_progress_bar=False)).ravel()[0])
        scores = self._model.predict(pair, apply_softmax=True, show_progress_bar=False)
        return float(np.asarray(scores)[0, self._label])
