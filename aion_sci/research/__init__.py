"""Questions, hypotheses, designs, verdicts, planners and campaigns.

question = read_question("questions/heated_cavity.yaml")
result = conduct(question, store=store, run=run, planner=find_planner("bayes"))
"""

from aion_sci.research.engine import conduct
from aion_sci.research.history import recall
from aion_sci.research.log import verify_log
from aion_sci.research.planners import find_planner
from aion_sci.research.question import Question, parse_question, read_question
from aion_sci.research.replay import ReplayResult, replay
from aion_sci.research.replicate import Replication, replicate
from aion_sci.research.result import Answer, CampaignResult

__all__ = [
    "Answer",
    "CampaignResult",
    "Question",
    "ReplayResult",
    "Replication",
    "conduct",
    "find_planner",
    "parse_question",
    "read_question",
    "recall",
    "replay",
    "replicate",
    "verify_log",
]
