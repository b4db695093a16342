"""A summary in words by a language model, in which it cannot write a number or a verdict.

The model writes sentences with placeholders such as ``{v1.effect}``; code fills them in from the
findings. The linter refuses every digit, every number word, every verdict written out and every
placeholder that does not exist: what a sentence says about size or outcome comes from a record or
it is not printed. A text that does not pass after two repairs is left out of the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aion_sci.llm.assistant import Assistant
from aion_sci.llm.roles import REPORTER
from aion_sci.report.wording import effect_text, interval_text
from aion_sci.research.result import CampaignResult

__all__ = ["bindings", "faults", "filled", "worded"]

_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]*)\}")
_REFUSED_WORDS = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve dozen hundred thousand "
    "million billion half third quarter twice thrice double triple percent "
    "supported refuted inconclusive proved proven confirmed disproved true false",
)
_REFUSED = re.compile(rf"\b({'|'.join(_REFUSED_WORDS)})\b", re.IGNORECASE)
_LONGEST = 4000
_SCHEMA = {
    "type": "object",
    "properties": {
        "sentences": {
            "type": "array",
            "items": {"type": "string", "maxLength": 600},
            "minItems": 1,
            "maxItems": 12,
        }
    },
    "required": ["sentences"],
    "additionalProperties": False,
}


def bindings(result: CampaignResult) -> dict[str, str]:
    """What each placeholder stands for, from the findings of a campaign."""
    scope = result.question.scope
    bound = {"experiment": scope.experiment, "runs": str(len(result.records))}
    for number, answer in enumerate(result.answers, start=1):
        bound |= {
            f"v{number}.statement": answer.statement.rstrip("."),
            f"v{number}.verdict": answer.finding.verdict,
            f"v{number}.effect": effect_text(answer.finding),
            f"v{number}.interval": interval_text(answer.finding.interval),
            f"v{number}.claim": answer.claim,
        }
    return bound


def faults(text: str, bound: Mapping[str, str]) -> list[str]:
    """Why a text cannot be printed; empty where it can."""
    unknown = [name for name in _PLACEHOLDER.findall(text) if name not in bound]
    bare = _PLACEHOLDER.sub(" ", text)
    found = [f"there is no placeholder '{{{name}}}'" for name in unknown]
    found += [f"a free numeral '{digits}'" for digits in re.findall(r"[\d½⅓¼²³%]+", bare)]
    found += [f"a free word of number or verdict '{word}'" for word in _REFUSED.findall(bare)]
    if "{" in bare or "}" in bare:
        found.append("a brace that is no placeholder")
    if len(text) > _LONGEST:
        found.append(f"{len(text)} characters, more than {_LONGEST}")
    return found


def filled(text: str, bound: Mapping[str, str]) -> str:
    """A text with its placeholders filled in; raises ``ValueError`` where it has faults."""
    wrong = faults(text, bound)
    if wrong:
        raise ValueError("; ".join(wrong))
    return _PLACEHOLDER.sub(lambda match: bound[match.group(1)], text)


def worded(result: CampaignResult, assistant: Assistant) -> str | None:
    """The findings in a model's words and our numbers; None where no text of it passes."""
    bound = bindings(result)
    data = {
        "question": result.question.text,
        "findings": [
            {"name": f"v{i}", "kind": a.design.hypothesis.kind, "verdict": a.finding.verdict}
            for i, a in enumerate(result.answers, start=1)
        ],
        "bindings": bound,
    }

    def check(answer: Any) -> str | None:
        wrong = faults(_joined(answer), bound) if _joined(answer) else ["there is no sentence"]
        return "; ".join(wrong[:5]) + "." if wrong else None

    answer = assistant.ask(REPORTER, data, _SCHEMA, check)
    return None if check(answer) else filled(_joined(answer), bound)


def _joined(answer: Any) -> str:
    listed = answer.get("sentences") if isinstance(answer, dict) else None
    parts = listed if isinstance(listed, list) else []
    return " ".join(" ".join(part.split()) for part in parts if isinstance(part, str))
