"""From a question in plain words to a question file that a person reads before anything runs.

With a language model, the model chooses an experiment of the catalogue and then the box within it,
by a schema made of that experiment's names and bounds. Without one, the words of the question are
matched against the catalogue: each experiment is scored by the words it shares with its id, its
summary and the names and descriptions of its parameters and observables, rare words counting more.
Either way the outcome is a draft. It is checked as any question file is, and the file says at its
top who drafted it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml

from aion_sci.errors import QuestionError, RequestError
from aion_sci.experiments import Experiment, Parameter, experiments
from aion_sci.llm.assistant import Assistant
from aion_sci.llm.roles import FRAMER
from aion_sci.research.question import Question, parse_question
from aion_sci.research.schema import framing_schema

__all__ = ["Draft", "draft_by_match", "draft_by_model", "is_prose"]

_WORD = re.compile(r"[a-z]+")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can do does for from how if in into is it its of on or over that "
        "the their this to two what when where which why with would",
    )
)
_LEAST_SCORE = 1.0
_LIKE = 0.84
"""Words that agree to this share are one word: decay and decays, viscosity and viscous do."""
_LONGEST_QUESTION = 2000


@dataclass(frozen=True)
class Draft:
    """A drafted question file, and who drafted it."""

    text: str
    """The file, with a comment at its top."""
    question: Question
    by: str

    @property
    def file_name(self) -> str:
        """A name for the file, from the first words of the question."""
        words = [w for w in _WORD.findall(self.question.text.lower()) if w not in _COMMON]
        return "-".join(words[:5] or ["question"]) + ".yaml"


def is_prose(text: str) -> bool:
    """Whether this is a question in words rather than the name of a file."""
    return len(text.split()) >= 3 and not text.strip().endswith((".yaml", ".yml"))


def draft_by_match(text: str) -> Draft:
    """A question file from the experiment whose words are nearest to the question's.

    Raises :class:`~aion_sci.errors.RequestError` when no experiment shares a telling word.
    """
    _require_sane(text)
    words = _words(text)
    scores = _scores(words)
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is None or scores[best] < _LEAST_SCORE:
        raise RequestError(
            "no experiment of the catalogue matches these words; see `aion experiments` and write "
            "a question file, or name a language model with --model"
        )
    source = experiments()[best]
    numbers = [p for p in source.parameters if _rangeable(p)]
    if not numbers:
        raise RequestError(f"{best} matches, but no parameter of it has a range to vary")
    # The most telling parameter; ties go to the first declared, which is the main one.
    varied = max(numbers, key=lambda p: _shared(words, _about(p.name, p.description)))
    observed = max(source.observables, key=lambda o: _shared(words, _about(o.name, o.description)))
    parts = {
        "vary": {varied.name: _range(varied)},
        "observe": [observed.name],
    }
    runners = [name for name in sorted(scores, key=lambda n: -scores[n])[1:3] if scores[name] > 0]
    also = f" Also near: {', '.join(runners)}." if runners else ""
    by = f"a match of words against the catalogue, without a model.{also}"
    return _draft(text, source, parts, by)


def draft_by_model(text: str, assistant: Assistant) -> Draft:
    """A question file from a language model's choice of experiment and box."""
    _require_sane(text)
    catalogue = experiments()
    listed = {
        name: {
            "summary": source.summary,
            "parameters": [p.name for p in source.parameters],
            "observables": [o.name for o in source.observables],
        }
        for name, source in catalogue.items()
    }
    schema = {
        "type": "object",
        "properties": {"experiment": {"type": "string", "enum": list(catalogue)}},
        "required": ["experiment"],
        "additionalProperties": False,
    }

    def known(answer: Any) -> str | None:
        chosen = answer.get("experiment")
        return None if chosen in catalogue else f"'{str(chosen)[:60]}' is no experiment."

    chosen = assistant.ask(FRAMER, {"question": text, "catalogue": listed}, schema, known)
    if known(chosen) is not None:
        raise RequestError("the model named no experiment of the catalogue; write a question file")
    source = catalogue[chosen["experiment"]]

    def fits(answer: Any) -> str | None:
        try:
            _draft(text, source, answer, "")
        except RequestError as error:
            return f"{str(error)[:300]}."
        return None

    data = {"question": text, "experiment": source.id, "datasheet": source.datasheet[:4000]}
    answer = assistant.ask(FRAMER, data, framing_schema(source), fits)
    return _draft(text, source, answer, f"{assistant.name}, a language model.")


def _require_sane(text: str) -> None:
    if len(text) > _LONGEST_QUESTION:
        raise RequestError(f"the question has {len(text)} characters; at most {_LONGEST_QUESTION}")


def _draft(text: str, source: Experiment, parts: Mapping[str, Any], by: str) -> Draft:
    content = {
        "question": " ".join(text.split()),
        "experiment": source.id,
        "vary": parts.get("vary"),
        **({"fixed": parts["fixed"]} if parts.get("fixed") else {}),
        "observe": parts.get("observe"),
    }
    try:
        body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=96)
    except yaml.YAMLError as error:
        raise QuestionError("the draft holds what no question file can") from error
    written = f"# Drafted by {by}\n# Read it, correct it, and ask it: nothing has run.\n{body}"
    return Draft(written, parse_question(written), by)


def _rangeable(parameter: Parameter) -> bool:
    return parameter.numeric and parameter.low is not None and parameter.high is not None


def _range(parameter: Parameter) -> dict[str, Any]:
    """A range about the default: a decade either way, or a quarter of the box, within bounds."""
    low, high = float(parameter.low or 0.0), float(parameter.high or 0.0)
    middle = float(parameter.default) if parameter.default is not None else (low + high) / 2
    if parameter.scale == "log":
        ends = (max(low, middle / 10), min(high, middle * 10))
    else:
        ends = (max(low, middle - (high - low) / 4), min(high, middle + (high - low) / 4))
    if parameter.kind == "integer":
        ends = (math.floor(ends[0]), math.ceil(ends[1]))
    return {"low": ends[0], "high": ends[1], "scale": parameter.scale}


def _words(text: str) -> list[str]:
    return [w for w in _WORD.findall(text.lower()) if w not in _COMMON and len(w) > 1]


def _about(*texts: str) -> list[str]:
    return _words(" ".join(texts).replace("_", " "))


def _alike(first: str, second: str) -> bool:
    if first[:3] != second[:3]:
        return False
    return first == second or SequenceMatcher(None, first, second).ratio() >= _LIKE


def _shared(words: Sequence[str], others: Sequence[str]) -> int:
    return sum(any(_alike(word, other) for other in others) for word in words)


def _scores(words: Sequence[str]) -> dict[str, float]:
    """Each experiment's shared words, a rare one counting more than a frequent one."""
    texts = {
        name: {
            *_about(name.replace(".", " "), source.summary),
            *(w for p in source.parameters for w in _about(p.name, p.description)),
            *(w for o in source.observables for w in _about(o.name, o.description)),
        }
        for name, source in experiments().items()
    }
    held = {
        word: {name for name, text in texts.items() if any(_alike(word, w) for w in text)}
        for word in dict.fromkeys(words)
    }
    return {
        name: sum(math.log(1 + len(texts) / len(names)) for names in held.values() if name in names)
        for name in texts
    }
